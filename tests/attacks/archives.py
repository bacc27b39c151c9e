"""archives.py - makes hostile archives: archives.py FOLDER

Each is named like what it does. None may write outside its sandbox, fill the disk, or stop others.
"""
import io
import os
import sys
import tarfile
import zipfile

SOURCE = b"int main(void) { return 0; }\n"
ESCAPED = "plumbline-escaped"  # a file of this name outside of the sandbox is a bite
top = sys.argv[1]


def tar(name, *members, kind="w:gz"):
    with tarfile.open(os.path.join(top, name + ".tar.gz"), kind) as archive:
        for path, fields in members:
            info = tarfile.TarInfo(path)
            data = fields.pop("data", SOURCE)
            info.size = fields.pop("size", len(data))
            for key, value in fields.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)


def packed(name, members):
    with zipfile.ZipFile(os.path.join(top, name + ".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members:
            archive.writestr(path, data)


up = "../" * 12
tar("tar_dots", (up + "tmp/" + ESCAPED, {}))
tar("tar_absolute", ("/tmp/" + ESCAPED, {}))
tar("tar_symlink", ("out", {"type": tarfile.SYMTYPE, "linkname": "/tmp", "size": 0}),
    ("out/" + ESCAPED, {}))
tar("tar_hardlink", ("sockinfo.c", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd", "size": 0}))
tar("tar_fifo", ("sockinfo.c", {"type": tarfile.FIFOTYPE, "size": 0}))
tar("tar_device", ("sockinfo.c", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5, "size": 0}))
tar("tar_duplicates", *[("sockinfo.c", {}) for _ in range(5)])
tar("tar_names", ("-rf", {}), ("new\nline.c", {}), ("\udcff\udcfe.c", {}), ("sockinfo.c", {}))
tar("tar_source_link", ("sockinfo.c", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}))
tar("tar_bomb", ("bomb", {"data": bytes(900 << 20)}), ("sockinfo.c", {}))
tar("tar_deep", ("/".join(["d"] * 1000) + "/sockinfo.c", {}))
packed("zip_dots", [(up + "tmp/" + ESCAPED, SOURCE)])
packed("zip_absolute", [("/tmp/" + ESCAPED, SOURCE)])
packed("zip_bomb", [("bomb%d" % i, bytes(150 << 20)) for i in range(6)])
packed("zip_many", [("f%d" % i, b"") for i in range(100000)])
packed("zip_nested", [("inner.zip", b"PK\x03\x04 not an archive"), ("sockinfo.c", SOURCE)])
with open(os.path.join(top, "zip_truncated.zip"), "wb") as out:
    with open(os.path.join(top, "zip_many.zip"), "rb") as whole:
        out.write(whole.read(20000))
