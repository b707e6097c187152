package dev.rosetta.formats.convert;

import dev.rosetta.formats.quant.ElementEncoder;
import dev.rosetta.model.ElementType;
import dev.rosetta.spi.ElementCodecs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** Changes how rows are encoded. Immutable and thread-safe. */
public final class Recoding {
  private final ElementCodecs codecs = ElementCodecs.load();

  /** With every codec that is found. */
  public Recoding() {}

  /** Whether values of {@code type} can be decoded. */
  public boolean canDecode(ElementType type) {
    return codecs.codec(type).isPresent();
  }

  /**
   * The decoded values of {@code row}.
   *
   * @throws IllegalArgumentException if the type cannot be decoded
   */
  public float[] decode(RoleTensor tensor, int row) {
    ElementType type = tensor.type();
    byte[] encoded = new byte[tensor.rowBytes()];
    tensor.rows().read(row, encoded, 0);
    int padded = Math.ceilDiv(tensor.columns(), type.blockElements()) * type.blockElements();
    return decode(type, encoded, padded);
  }

  /** Values of whole blocks. */
  float[] decode(ElementType type, byte[] encoded, int elements) {
    float[] values = new float[elements];
    codecs
        .codec(type)
        .orElseThrow(() -> new IllegalArgumentException(type + " cannot be decoded"))
        .decode(encoded, 0, values, 0, elements);
    return values;
  }

  /**
   * The tensor with its values as {@code type}.
   *
   * @throws IllegalArgumentException if the one type cannot be decoded or the other not encoded
   */
  public RoleTensor recode(RoleTensor tensor, ElementType type) {
    if (type == tensor.type()) {
      return tensor;
    }
    if (!canDecode(tensor.type())) {
      throw new IllegalArgumentException(
          tensor.role() + " is " + tensor.type() + ", which cannot be decoded");
    }
    Optional<ElementEncoder> encoder = ElementEncoder.of(type);
    if (encoder.isEmpty()) {
      throw new IllegalArgumentException("there is no encoder for " + type);
    }
    int columns = tensor.columns();
    return new RoleTensor(
        tensor.role(),
        type,
        tensor.dims(),
        (row, target, at) -> encoder.get().encode(decode(tensor, row), 0, columns, target, at));
  }

  /** Little-endian float32 bytes of {@code values}. */
  static byte[] bytes(float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }
}
