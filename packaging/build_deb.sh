#!/usr/bin/env bash
# Freezes crmdesk with PyInstaller and wraps the folder in a Debian package: dist/crmdesk_VERSION_ARCH.deb.
# Run it by `make package`; it may be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=$PWD/.venv/bin/python
VERSION=$("$PYTHON" -c 'import crmdesk; print(crmdesk.__version__)')
ARCHITECTURE=$(dpkg --print-architecture)
DEB=dist/crmdesk_${VERSION}_${ARCHITECTURE}.deb
STAGE=build/deb
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH PYTHONHASHSEED=0

echo "package: freezing"
rm -rf dist/crmdesk "$STAGE"
"$PYTHON" -m PyInstaller --noconfirm --clean --log-level WARN --distpath dist --workpath build/freeze build.spec

# Only libraries that are known to survive it: stripping all of them breaks numpy's OpenBLAS.
find dist/crmdesk/_internal -type f \
    \( -name 'libpython*.so*' -o -path '*/lib-dynload/*.so' -o -path '*/sqlcipher3/*.so' -o -path '*/cryptography/*.so' \) \
    -exec strip --strip-unneeded {} +

echo "package: staging"
install -d "$STAGE"/{DEBIAN,usr/bin,usr/lib,usr/share/{applications,doc/crmdesk,icons/hicolor/scalable/apps}}
cp -a dist/crmdesk "$STAGE/usr/lib/crmdesk"
ln -s ../lib/crmdesk/crmdesk "$STAGE/usr/bin/crmdesk"
install -m 644 packaging/linux/*.desktop "$STAGE/usr/share/applications/"
install -m 644 packaging/linux/crmdesk.svg "$STAGE/usr/share/icons/hicolor/scalable/apps/"
install -m 644 packaging/linux/copyright "$STAGE/usr/share/doc/crmdesk/"
"$PYTHON" packaging/third_party.py requirements.txt > "$STAGE/usr/share/doc/crmdesk/THIRD-PARTY.txt"
find "$STAGE" -type d -exec chmod 755 {} +
chmod -R u+rwX,go+rX,go-w "$STAGE"

LIBC=$(ldd --version | sed -n '1s/.* //p')
SIZE=$(du -sk --exclude=DEBIAN "$STAGE" | cut -f1)
sed -e "s/@VERSION@/$VERSION/" -e "s/@ARCHITECTURE@/$ARCHITECTURE/" -e "s/@LIBC@/$LIBC/" \
    -e "s/@INSTALLED_SIZE@/$SIZE/" packaging/linux/control.in > "$STAGE/DEBIAN/control"

dpkg-deb --root-owner-group -Zzstd --build "$STAGE" "$DEB"
echo "package: $DEB, $(du -h "$DEB" | cut -f1), installed $((SIZE / 1024)) MB"
