"""What the documentation says to do by hand, done by OpenSSL."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.logfile import worked_example as example

SIGNED = (
    f"2026-03-02T11:12:00Z\n{example.BUCKET}/{example.SECOND_KEY}\n{example.SECOND_SHA256}\n{example.FIRST_SIGNATURE}"
)


def openssl(folder: Path, *options: str) -> str:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    done = subprocess.run([program, *options], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_openssl_verifies_a_digest_and_refuses_another(tmp_path: Path) -> None:
    (tmp_path / "key.der").write_bytes(example.PUBLIC_KEY)
    (tmp_path / "signature").write_bytes(bytes.fromhex(example.SECOND_SIGNATURE))
    (tmp_path / "signed").write_text(SIGNED)
    openssl(tmp_path, "rsa", "-RSAPublicKey_in", "-inform", "DER", "-in", "key.der", "-pubout", "-out", "key.pem")
    verify = ("dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "signed")
    assert "Verified OK" in openssl(tmp_path, *verify)
    (tmp_path / "signed").write_text(SIGNED + "\n")
    assert "Verified OK" not in openssl(tmp_path, *verify)
