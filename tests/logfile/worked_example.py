"""Two digests, a log file and their signatures, byte for byte as the AWS CLI accepts them."""

import base64

BUCKET = "audit-logs-example"
FINGERPRINT = "74e12d55d5c9f5a07670c08bc076f8c1"
PUBLIC_KEY = base64.b64decode(
    "MIIBCgKCAQEA5tbBKtfGKJmi2qMY+JzMJxevMv7c1aBE39RtiSWSsxRbb5vl0/BM3uSxvdH+c77uSMINHapb6kEjhzalzj66Rrs9"
    "ol6p9kJzjfOE/HXKFlFoNJ3RuLXXqNdMq5pkuVpghqZrqdaWgcRvVMWwXqWNF7ugb3ppAxi9TRNOeO+DrVLJL20C+PQ/Icrh6pJ4"
    "ip0jfzc4UNLgYHHJeV4c4lVy/drlP8KUDXobhPcluTWxomJizoSBOArbi/2wLaLmvb+sbQJ10/kW7/YzccFkpzPdYd2vDHQfsmgY"
    "51zURLb+T9nmZ5kbp/OTLQp3GYADr8PvaN99xItyYC9mrRIV3nNT4QIDAQAB"
)

_DIGESTS = "AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2026/03/02/"
FIRST_KEY = _DIGESTS + "123456789012_CloudTrail-Digest_us-east-1_management_us-east-1_20260302T101200Z.json.gz"
FIRST = (
    b'{"awsAccountId":"123456789012","digestStartTime":"2026-03-02T09:12:00Z","digestEndTime":"2026-03-02T10:12:00Z",'
    b'"digestS3Bucket":"audit-logs-example","digestS3Object":"AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2026/03/'
    b'02/123456789012_CloudTrail-Digest_us-east-1_management_us-east-1_20260302T101200Z.json.gz",'
    b'"digestPublicKeyFingerprint":"74e12d55d5c9f5a07670c08bc076f8c1","digestSignatureAlgorithm":"SHA256withRSA",'
    b'"newestEventTime":null,"oldestEventTime":null,"previousDigestS3Bucket":null,"previousDigestS3Object":null,'
    b'"previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"previousDigestSignature":null,"logFiles":[]}'
)
FIRST_SHA256 = "3675610ab11e03a27b30ea5b52a9307c0fd090feae1ca69bb833033fa0d6325b"
FIRST_SIGNATURE = (
    "6402915d3e597609b980c61475b4caa7ba8a53453f30486209dc5eb5eccabefe8f4fd65846688c98e42f84e5672a7c42"
    "e1ddc3827f435b8cb5b5c0e772b3499218a7c80a0e1b97303217a959a00130ea89c457085dbccd9d50eae444426bb67d"
    "38de931a71cbec0699f77e1367c871b548dde5cebac6aab459a84342d628cf091fbb1b7aaae4a0f2c4f1b222094cf41f"
    "c8c2920cbb054d3a4cd88658278dc51602e19fd328778fd2e4e4efd01ecb00439eca6e368a04f1973a80b15f49875441"
    "cee70d7a501a41fd37c6df6632a61c2af1a27cc47298925b3a71af186ad96e3dfe1f534c8d3ea990b559cafa25d296ac"
    "7fd9bab7cc9af21f63afe85c39efda38"
)

LOG_FILE_KEY = (
    "AWSLogs/123456789012/CloudTrail/us-east-1/2026/03/02/"
    "123456789012_CloudTrail_us-east-1_20260302T1035Z_Zk3qT9aLw2PxVb7N.json.gz"
)
RECORD = (
    b'{"eventVersion":"1.11","eventTime":"2026-03-02T10:31:12Z","eventSource":"s3.amazonaws.com",'
    b'"eventName":"CreateBucket","awsRegion":"us-east-1","eventID":"6e5f1a3c-9b0d-4b7e-8f55-0a1b2c3d4e5f"}'
)
LOG_FILE_SHA256 = "d87ea134dfdabf9fa2da66094c9c55536eaf04fd4ae992b467aef5e4c78c7f9f"

SECOND_KEY = _DIGESTS + "123456789012_CloudTrail-Digest_us-east-1_management_us-east-1_20260302T111200Z.json.gz"
SECOND = (
    b'{"awsAccountId":"123456789012","digestStartTime":"2026-03-02T10:12:00Z","digestEndTime":"2026-03-02T11:12:00Z",'
    b'"digestS3Bucket":"audit-logs-example","digestS3Object":"AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2026/03/'
    b'02/123456789012_CloudTrail-Digest_us-east-1_management_us-east-1_20260302T111200Z.json.gz",'
    b'"digestPublicKeyFingerprint":"74e12d55d5c9f5a07670c08bc076f8c1","digestSignatureAlgorithm":"SHA256withRSA",'
    b'"newestEventTime":"2026-03-02T10:31:12Z","oldestEventTime":"2026-03-02T10:31:12Z",'
    b'"previousDigestS3Bucket":"audit-logs-example","previousDigestS3Object":"AWSLogs/123456789012/CloudTrail-Digest/'
    b'us-east-1/2026/03/02/123456789012_CloudTrail-Digest_us-east-1_management_us-east-1_20260302T101200Z.json.gz",'
    b'"previousDigestHashValue":"3675610ab11e03a27b30ea5b52a9307c0fd090feae1ca69bb833033fa0d6325b",'
    b'"previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"%b","logFiles":[{'
    b'"s3Bucket":"audit-logs-example","s3Object":"AWSLogs/123456789012/CloudTrail/us-east-1/2026/03/02/'
    b'123456789012_CloudTrail_us-east-1_20260302T1035Z_Zk3qT9aLw2PxVb7N.json.gz",'
    b'"hashValue":"d87ea134dfdabf9fa2da66094c9c55536eaf04fd4ae992b467aef5e4c78c7f9f","hashAlgorithm":"SHA-256",'
    b'"newestEventTime":"2026-03-02T10:31:12Z","oldestEventTime":"2026-03-02T10:31:12Z"}]}'
) % FIRST_SIGNATURE.encode()
SECOND_SHA256 = "2cade52ae89630e7dcfcf506d6cedb96f7832649417e43bbb8462f964b26e855"
SECOND_SIGNATURE = (
    "7c3148bb8b0dcddbaf8da1f593619972e1b9cf7c43a65bb33b4360b3a4e1bd81efbea09b7452cf09b3ed598b26f69178"
    "5cc14ab26d8816562244df3283a989ea408e0d5a0a559b9d14aca4620ce39a25e0f205e07384d0ba595778384a818f6f"
    "b7d594d9fa6e25b46602dfeef0d58e530ebde87ebf3ade2d8e85692a277dc925d3d4c09d0f735bdd2e345a31533e8ba2"
    "c626065268d586a7737b17bfbe1ea2a5a384b6cf450196e333b732a691fc81101600ebe5be1efb034098962f9ff7c2bf"
    "c8dceaf18db0952f560ec9d836c4143997e1b01b33c0db6c032e21debfca81ca0ef499e31433a05cb6a67ea2f6b08489"
    "c765bd995555a44e802a1f404c79a61d"
)
