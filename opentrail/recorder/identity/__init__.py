"""Who called, where the signature alone does not tell: judged by an upstream, by a token, from behind a proxy."""
