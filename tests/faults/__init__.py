"""What must not be lost, whatever happens to process, disk or clock."""
