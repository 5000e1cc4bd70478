package tryon

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

const (
	encodingField = "encoding"
	keyIDField    = "encryption-key-id"
	encrypted     = "binary/encrypted"
	keyBytes      = 32
)

// EncryptionCodec encrypts and decrypts payloads like a temporal-tryon worker with the same keys: AES-256-GCM over the whole payload, a
// nonce of 12 bytes before the ciphertext and a tag of 16 bytes after it, the key's id in the metadata. The first key encrypts, all keys
// decrypt; plain payloads pass unchanged.
type EncryptionCodec struct {
	first   string
	ciphers map[string]cipher.AEAD
}

var comment = regexp.MustCompile(`#[^\n]*`)

// NewEncryptionCodec reads keys as `id:base64,...`, separated by commas or line ends; text after a # is a comment.
func NewEncryptionCodec(keys string) (*EncryptionCodec, error) {
	codec := &EncryptionCodec{ciphers: map[string]cipher.AEAD{}}
	parts := strings.Fields(strings.ReplaceAll(comment.ReplaceAllString(keys, ""), ",", " "))
	for index, part := range parts {
		id, encoded, _ := strings.Cut(part, ":")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) != keyBytes {
			return nil, fmt.Errorf("key %d of TRYON_CODEC_KEYS is not id:base64 of %d bytes", index+1, keyBytes)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if codec.ciphers[id], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
		if codec.first == "" {
			codec.first = id
		}
	}
	if codec.first == "" {
		return nil, fmt.Errorf("TRYON_CODEC_KEYS holds no key")
	}
	return codec, nil
}

// Encode encrypts.
func (codec *EncryptionCodec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, func(payload *commonpb.Payload) (*commonpb.Payload, error) {
		plain, err := payload.Marshal()
		if err != nil {
			return nil, err
		}
		aead := codec.ciphers[codec.first]
		nonce := make([]byte, aead.NonceSize())
		if _, err := rand.Read(nonce); err != nil {
			return nil, err
		}
		metadata := map[string][]byte{encodingField: []byte(encrypted), keyIDField: []byte(codec.first)}
		return &commonpb.Payload{Metadata: metadata, Data: aead.Seal(nonce, nonce, plain, nil)}, nil
	})
}

// Decode decrypts.
func (codec *EncryptionCodec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, func(payload *commonpb.Payload) (*commonpb.Payload, error) {
		if string(payload.Metadata[encodingField]) != encrypted {
			return payload, nil
		}
		id := string(payload.Metadata[keyIDField])
		aead, isKnown := codec.ciphers[id]
		if !isKnown {
			return nil, fmt.Errorf("a payload is encrypted with key %q, which TRYON_CODEC_KEYS does not hold", id)
		}
		if len(payload.Data) < aead.NonceSize() {
			return nil, fmt.Errorf("a payload encrypted with key %q is too short", id)
		}
		nonce, sealed := payload.Data[:aead.NonceSize()], payload.Data[aead.NonceSize():]
		plain, err := aead.Open(nil, nonce, sealed, nil)
		if err != nil {
			return nil, fmt.Errorf("a payload encrypted with key %q does not decrypt: %w", id, err)
		}
		inner := &commonpb.Payload{}
		return inner, inner.Unmarshal(plain)
	})
}

func each(payloads []*commonpb.Payload, change func(*commonpb.Payload) (*commonpb.Payload, error)) ([]*commonpb.Payload, error) {
	changed := make([]*commonpb.Payload, len(payloads))
	for index, payload := range payloads {
		var err error
		if changed[index], err = change(payload); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// DataConverter for a client, from TRYON_CODEC_KEYS or TRYON_CODEC_KEYS_FILE; Temporal's default if neither is set.
func DataConverter() (converter.DataConverter, error) {
	keys := os.Getenv("TRYON_CODEC_KEYS")
	if path := os.Getenv("TRYON_CODEC_KEYS_FILE"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		keys = string(text)
	}
	if keys == "" {
		return converter.GetDefaultDataConverter(), nil
	}
	codec, err := NewEncryptionCodec(keys)
	if err != nil {
		return nil, err
	}
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec), nil
}
