"""Forms as browsers send them, made of what boto3 presigns."""

import http.client
from typing import Any

BOUNDARY = "----FormBoundary7MA4YWxk"


def form_body(fields: dict[str, str], file: bytes, file_name: str = "photo.jpg") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
    return b"".join(
        [*parts, head.encode(), b"Content-Type: image/jpeg\r\n\r\n", file, f"\r\n--{BOUNDARY}--\r\n".encode()]
    )


def post(port: int, bucket: str, fields: dict[str, str], file: bytes, **options: Any) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **options.pop("headers", {})}
        connection.request("POST", f"/{bucket}", form_body(fields, file, **options), headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
