"""Signatures of digest files: what is signed, signing, verifying.

    string to sign =  digestEndTime                                (the very text of the member)
                      LF  digestS3Bucket "/" digestS3Object
                      LF  hex SHA-256 of the inflated digest file  (lower case)
                      LF  previousDigestSignature                  (or the four letters null)

UTF-8, no line feed at the end. RSA, PKCS #1 v1.5, SHA-256; 2048 bits at AWS. The signature travels as lower-case hex,
in the object's metadata and as the next digest's `previousDigestSignature`.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from opentrail.logfile.digest import Digest


def string_to_sign(digest: Digest, sha256: str) -> bytes:
    """What is signed of a digest whose inflated bytes have the lower-case hex hash `sha256`."""
    place = f"{digest.digest_s3_bucket}/{digest.digest_s3_object}"
    previous = digest.previous_digest_signature
    return f"{digest.digest_end_time}\n{place}\n{sha256}\n{'null' if previous is None else previous}".encode()


def sign(key: RSAPrivateKey, digest: Digest, sha256: str) -> str:
    """The signature, in lower-case hex."""
    return key.sign(string_to_sign(digest, sha256), padding.PKCS1v15(), hashes.SHA256()).hex()


def verify(key: RSAPublicKey, digest: Digest, sha256: str, signature: str) -> bool:
    """Whether `signature` (hex) was made with the private half of `key`, over this digest with this hash."""
    try:
        key.verify(bytes.fromhex(signature), string_to_sign(digest, sha256), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):  # ValueError: no hex
        return False
    return True
