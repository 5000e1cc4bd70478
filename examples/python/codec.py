"""
Encrypts and decrypts payloads like a temporal-tryon worker with the same keys: AES-256-GCM over the whole payload, a nonce of 12
bytes before the ciphertext and a tag of 16 bytes after it, the key's id in the metadata.
"""

import os
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import temporalio.converter
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadCodec

ENCRYPTED = b"binary/encrypted"
NONCE_BYTES = 12
KEY_BYTES = 32


class EncryptionCodec(PayloadCodec):
    """The first key encrypts, all keys decrypt; plain payloads pass unchanged."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self.ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.first = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.decrypt(payload) for payload in payloads]

    def encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self.ciphers[self.first].encrypt(nonce, payload.SerializeToString(), None)
        return Payload(
            metadata={"encoding": ENCRYPTED, "encryption-key-id": self.first.encode()},
            data=nonce + sealed,
        )

    def decrypt(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCRYPTED:
            return payload
        key_id = payload.metadata["encryption-key-id"].decode()
        if key_id not in self.ciphers:
            raise ValueError(f'a payload is encrypted with key "{key_id}", which TRYON_CODEC_KEYS does not hold')
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        return Payload.FromString(self.ciphers[key_id].decrypt(nonce, sealed, None))


def read_keys(text: str) -> dict[str, bytes]:
    """Reads `id:base64,...`, separated by commas or line ends; text after a `#` is a comment."""
    keys: dict[str, bytes] = {}
    for part in re.sub(r"#[^\n]*", "", text).replace(",", " ").split():
        key_id, _, encoded = part.partition(":")
        key = b64decode(encoded)
        if len(key) != KEY_BYTES:
            raise ValueError(f"key {len(keys) + 1} of TRYON_CODEC_KEYS is not id:base64 of {KEY_BYTES} bytes")
        keys[key_id] = key
    if not keys:
        raise ValueError("TRYON_CODEC_KEYS holds no key")
    return keys


def data_converter() -> DataConverter:
    """The converter for a client, from TRYON_CODEC_KEYS or TRYON_CODEC_KEYS_FILE; Temporal's default if neither is set."""
    text, path = os.environ.get("TRYON_CODEC_KEYS"), os.environ.get("TRYON_CODEC_KEYS_FILE")
    if path:
        text = Path(path).read_text()
    if not text:
        return temporalio.converter.default()
    return replace(temporalio.converter.default(), payload_codec=EncryptionCodec(read_keys(text)))
