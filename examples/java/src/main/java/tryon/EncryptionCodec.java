package tryon;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.temporal.api.common.v1.Payload;
import io.temporal.common.converter.CodecDataConverter;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.payload.codec.PayloadCodec;
import io.temporal.payload.codec.PayloadCodecException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts and decrypts payloads like a temporal-tryon worker with the same keys: AES-256-GCM over the whole payload, a nonce of 12 bytes
 * before the ciphertext and a tag of 16 bytes after it, the key's id in the metadata. The first key encrypts, all keys decrypt; plain
 * payloads pass unchanged.
 */
final class EncryptionCodec implements PayloadCodec {
  private static final String ENCODING = "encoding";
  private static final String KEY_ID = "encryption-key-id";
  private static final ByteString ENCRYPTED = ByteString.copyFromUtf8("binary/encrypted");
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecureRandom random = new SecureRandom();
  private final Map<String, SecretKeySpec> keys = new LinkedHashMap<>();
  private final String first;

  /** Reads keys as {@code id:base64,...}, separated by commas or line ends; text after a # is a comment. */
  EncryptionCodec(String text) {
    for (String part : text.replaceAll("#[^\n]*", "").trim().split("[\\s,]+")) {
      int colon = part.indexOf(':');
      byte[] key = colon < 1 ? new byte[0] : Base64.getDecoder().decode(part.substring(colon + 1));
      if (key.length != KEY_BYTES) {
        throw new IllegalArgumentException("key " + (keys.size() + 1) + " of TRYON_CODEC_KEYS is not id:base64 of 32 bytes");
      }
      keys.put(part.substring(0, colon), new SecretKeySpec(key, "AES"));
    }
    first = keys.keySet().iterator().next();
  }

  /** The converter for a client, from TRYON_CODEC_KEYS or TRYON_CODEC_KEYS_FILE; Temporal's default if neither is set. */
  static DataConverter dataConverter() throws IOException {
    String path = System.getenv("TRYON_CODEC_KEYS_FILE");
    String text = path == null ? System.getenv("TRYON_CODEC_KEYS") : Files.readString(Path.of(path));
    DataConverter plain = DefaultDataConverter.newDefaultInstance();
    return text == null ? plain : new CodecDataConverter(plain, List.of(new EncryptionCodec(text)));
  }

  @Override
  public List<Payload> encode(List<Payload> payloads) {
    return payloads.stream().map(this::encrypt).toList();
  }

  @Override
  public List<Payload> decode(List<Payload> payloads) {
    return payloads.stream().map(this::decrypt).toList();
  }

  private Payload encrypt(Payload payload) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    ByteString sealed = ByteString.copyFrom(apply(Cipher.ENCRYPT_MODE, first, nonce, payload.toByteArray()));
    return Payload.newBuilder()
        .putMetadata(ENCODING, ENCRYPTED)
        .putMetadata(KEY_ID, ByteString.copyFromUtf8(first))
        .setData(ByteString.copyFrom(nonce).concat(sealed))
        .build();
  }

  private Payload decrypt(Payload payload) {
    if (!ENCRYPTED.equals(payload.getMetadataMap().get(ENCODING))) return payload;
    String id = payload.getMetadataOrDefault(KEY_ID, ByteString.EMPTY).toStringUtf8();
    ByteString data = payload.getData();
    if (!keys.containsKey(id) || data.size() < NONCE_BYTES) {
      throw new PayloadCodecException("a payload is encrypted with key \"" + id + "\", which TRYON_CODEC_KEYS does not hold");
    }
    byte[] nonce = data.substring(0, NONCE_BYTES).toByteArray();
    try {
      return Payload.parseFrom(apply(Cipher.DECRYPT_MODE, id, nonce, data.substring(NONCE_BYTES).toByteArray()));
    } catch (InvalidProtocolBufferException broken) {
      throw new PayloadCodecException(broken);
    }
  }

  private byte[] apply(int mode, String id, byte[] nonce, byte[] input) {
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, keys.get(id), new GCMParameterSpec(TAG_BITS, nonce));
      return cipher.doFinal(input);
    } catch (GeneralSecurityException failed) {
      throw new PayloadCodecException(failed);
    }
  }
}
