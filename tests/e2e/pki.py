"""Keys and certificates for the tests, made by openssl: one authority, what it signs, and a key pair for tokens."""

import base64
import os
import subprocess

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


def read_base64(path):
    with open(path, "rb") as f:
        return base64.b64encode(f.read()).decode()


class Authority:
    """A certificate authority in a folder; NAME.crt and NAME.key of what it signs lie beside it."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        self.crt, self.key = self.path(name + ".crt"), self.path(name + ".key")
        openssl("req", "-x509", *EC, "-days", "3650", "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.crt)

    def path(self, name):
        return os.path.join(self.folder, name)

    def sign(self, name, subject, usage, names=""):
        """(certificate, key); usage is serverAuth or clientAuth, names a subjectAltName such as IP:127.0.0.1,DNS:x."""
        crt, key, req, ext = (self.path(f"{name}.{end}") for end in ("crt", "key", "csr", "ext"))
        with open(ext, "w", encoding="ascii") as f:
            f.write(f"extendedKeyUsage={usage}\n" + (f"subjectAltName={names}\n" if names else ""))
        openssl("req", *EC, "-subj", subject, "-keyout", key, "-out", req)
        openssl("x509", "-req", "-in", req, "-CA", self.crt, "-CAkey", self.key, "-CAcreateserial", "-days", "3650",
                "-extfile", ext, "-out", crt)
        return crt, key


def token_keys(folder):
    """(private, public) key files for service account tokens."""
    private, public = os.path.join(folder, "sa.key"), os.path.join(folder, "sa.pub")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", private)
    openssl("ec", "-in", private, "-pubout", "-out", public)
    return private, public
