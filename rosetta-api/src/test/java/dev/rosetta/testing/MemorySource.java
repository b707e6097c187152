package dev.rosetta.testing;

import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.spi.ElementCodec;
import dev.rosetta.spi.ElementCodecs;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/** A model file that exists in memory only, put together tensor by tensor. */
public final class MemorySource implements ModelSource {
  private final MetadataDialect dialect;
  private final Values metadata = new Values(new LinkedHashMap<>());
  private final List<TensorInfo> tensors = new ArrayList<>();
  private final List<byte[]> data = new ArrayList<>();
  private final List<SourceNote> notes = new ArrayList<>();

  /** An empty model; GGUF's dims are listed fastest-varying first, the others' slowest first. */
  public MemorySource(MetadataDialect dialect) {
    this.dialect = dialect;
  }

  private record Values(LinkedHashMap<String, Object> map) implements Metadata {
    @Override
    public SequencedSet<String> keys() {
      return map.sequencedKeySet();
    }

    @Override
    public Optional<Object> value(String key) {
      return Optional.ofNullable(map.get(key));
    }

    @Override
    public String typeName(String key) {
      return "test";
    }
  }

  /** Codecs of F32 and F16; no other type can be decoded. */
  public static ElementCodecs codecs() {
    return new ElementCodecs(List.of(new Floats(), new Halves()));
  }

  private record Floats() implements ElementCodec {
    @Override
    public ElementType type() {
      return ElementType.F32;
    }

    @Override
    public void decode(byte[] blocks, int offset, float[] target, int targetOffset, int elements) {
      MemorySegment.copy(
          MemorySegment.ofArray(blocks),
          ValueLayout.JAVA_FLOAT_UNALIGNED,
          offset,
          target,
          targetOffset,
          elements);
    }
  }

  private record Halves() implements ElementCodec {
    @Override
    public ElementType type() {
      return ElementType.F16;
    }

    @Override
    public void decode(byte[] blocks, int offset, float[] target, int targetOffset, int elements) {
      MemorySegment halves = MemorySegment.ofArray(blocks).asSlice(offset);
      for (int i = 0; i < elements; i++) {
        target[targetOffset + i] =
            Float.float16ToFloat(halves.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
      }
    }
  }

  public MemorySource state(String key, Object value) {
    metadata.map().put(key, value);
    return this;
  }

  public MemorySource forget(String key) {
    metadata.map().remove(key);
    return this;
  }

  /** Adds a float32 tensor with these dims as the file lists them. */
  public MemorySource add(String name, List<Long> dims, float... values) {
    return add(name, ElementType.F32, dims, 1, floats(values));
  }

  /** The same values as float16. */
  public MemorySource addHalf(String name, List<Long> dims, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putShort(Float.floatToFloat16(value));
    }
    return add(name, ElementType.F16, dims, 1, bytes.array());
  }

  public MemorySource add(
      String name, ElementType type, List<Long> dims, float scale, byte[] bytes) {
    tensors.add(
        new TensorInfo(
            name, type, dims, BlockLayout.ROW_ALIGNED, scale, 0, data.size(), bytes.length));
    data.add(bytes);
    return this;
  }

  /** Adds a tensor whose blocks run across rows. */
  public MemorySource addFlat(String name, ElementType type, List<Long> dims, byte[] bytes) {
    tensors.add(
        new TensorInfo(name, type, dims, BlockLayout.FLAT, 1, 0, data.size(), bytes.length));
    data.add(bytes);
    return this;
  }

  public MemorySource remove(String name) {
    tensors.removeIf(tensor -> tensor.name().equals(name));
    return this;
  }

  /** Marks a tensor as damaged. */
  public MemorySource damage(String name) {
    notes.add(new SourceNote(Severity.ERROR, "TENSOR_OUT_OF_BOUNDS", name, name + " is cut off"));
    return this;
  }

  public TensorInfo tensor(String name) {
    return tensors.stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
  }

  /** The bytes of a tensor, to be modified by a test. */
  public byte[] bytes(String name) {
    return data.get((int) tensor(name).offset());
  }

  public static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }

  @Override
  public Path path() {
    return Path.of("memory.model");
  }

  @Override
  public String format() {
    return "memory";
  }

  @Override
  public List<Path> files() {
    return List.of(path());
  }

  @Override
  public DimensionOrder dimensionOrder() {
    return dialect == MetadataDialect.GGUF
        ? DimensionOrder.FASTEST_FIRST
        : DimensionOrder.ROW_MAJOR;
  }

  @Override
  public MetadataDialect dialect() {
    return dialect;
  }

  @Override
  public Metadata metadata() {
    return metadata;
  }

  @Override
  public List<TensorInfo> tensors() {
    return List.copyOf(tensors);
  }

  @Override
  public List<SourceNote> notes() {
    return List.copyOf(notes);
  }

  @Override
  public Optional<Vocabulary> vocabulary() {
    return Optional.empty();
  }

  @Override
  public void read(TensorInfo tensor, long from, MemorySegment target, long length) {
    MemorySegment.copy(
        MemorySegment.ofArray(data.get((int) tensor.offset())), from, target, 0, length);
  }

  @Override
  public void close() {}

  /** Metadata values of {@code map}, for nested objects. */
  public static Map<String, Object> object(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }
}
