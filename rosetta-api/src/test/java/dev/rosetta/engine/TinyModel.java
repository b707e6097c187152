package dev.rosetta.engine;

import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.RopeStyle;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.ElementCodec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedSet;
import java.util.SortedMap;
import java.util.TreeMap;

/** Random models of float32 weights in memory. */
final class TinyModel {
  static final int LAYERS = 2;
  static final int HIDDEN = 24;
  static final int HEADS = 6;
  static final int KV_HEADS = 2;
  static final int HEAD_DIM = 6;
  static final int FFN = 41;
  static final int VOCABULARY = 19;

  private final Random random;
  private final SortedMap<TensorRole, float[]> values = new TreeMap<>();
  private final SortedMap<TensorRole, int[]> shapes = new TreeMap<>();

  private TinyModel(long seed) {
    random = new Random(seed);
  }

  /** A llama with untied head. */
  static Model llama(long seed) {
    TinyModel tiny = new TinyModel(seed);
    tiny.addDecoder();
    tiny.add(TensorRole.weight(Part.OUTPUT), VOCABULARY, HIDDEN, 0.3, 0);
    return tiny.build(config("llama"));
  }

  /** A qwen2: biases on q, k and v, tied head; and one on the attention output. */
  static Model qwen2(long seed) {
    TinyModel tiny = new TinyModel(seed);
    tiny.addDecoder();
    for (int layer = 0; layer < LAYERS; layer++) {
      tiny.add(TensorRole.bias(Part.Q, layer), 1, HEADS * HEAD_DIM, 0.5, 0);
      tiny.add(TensorRole.bias(Part.K, layer), 1, KV_HEADS * HEAD_DIM, 0.5, 0);
      tiny.add(TensorRole.bias(Part.V, layer), 1, KV_HEADS * HEAD_DIM, 0.5, 0);
      tiny.add(TensorRole.bias(Part.ATTN_OUT, layer), 1, HIDDEN, 0.5, 0);
    }
    return tiny.build(config("qwen2").with(ConfigField.TIED_EMBEDDINGS, stated(true)));
  }

  /** A qwen3: a norm on every head of q and k; and frequency factors. */
  static Model qwen3(long seed) {
    TinyModel tiny = new TinyModel(seed);
    tiny.addDecoder();
    for (int layer = 0; layer < LAYERS; layer++) {
      tiny.add(TensorRole.weight(Part.Q_NORM, layer), 1, HEAD_DIM, 0.2, 1);
      tiny.add(TensorRole.weight(Part.K_NORM, layer), 1, HEAD_DIM, 0.2, 1);
    }
    tiny.add(TensorRole.weight(Part.ROPE_FREQS), 1, HEAD_DIM / 2, 0.1, 2);
    tiny.add(TensorRole.weight(Part.OUTPUT), VOCABULARY, HIDDEN, 0.3, 0);
    return tiny.build(config("qwen3"));
  }

  static ConfigValue stated(Object value) {
    return new ConfigValue(value, ConfigValue.Origin.STATED, "test");
  }

  /** A weight that stands in a file of its own. */
  static Weight stored(TensorRole role, int rows, int columns, float[] values) {
    TinyModel tiny = new TinyModel(0);
    tiny.values.put(role, values);
    tiny.shapes.put(role, new int[] {rows, columns});
    return tiny.build(config("llama")).weight(role).orElseThrow();
  }

  private static ModelConfig config(String architecture) {
    Map<ConfigField, ConfigValue> fields = new EnumMap<>(ConfigField.class);
    fields.put(ConfigField.ARCHITECTURE, stated(architecture));
    fields.put(ConfigField.NUM_LAYERS, stated((long) LAYERS));
    fields.put(ConfigField.HIDDEN_SIZE, stated((long) HIDDEN));
    fields.put(ConfigField.INTERMEDIATE_SIZE, stated((long) FFN));
    fields.put(ConfigField.NUM_HEADS, stated((long) HEADS));
    fields.put(ConfigField.NUM_KV_HEADS, stated((long) KV_HEADS));
    fields.put(ConfigField.HEAD_DIM, stated((long) HEAD_DIM));
    fields.put(ConfigField.VOCAB_SIZE, stated((long) VOCABULARY));
    fields.put(ConfigField.ROPE_STYLE, stated(RopeStyle.HALF_SPLIT));
    fields.put(ConfigField.ROPE_THETA, stated(100.0));
    fields.put(ConfigField.ROPE_SCALING, stated(RopeScaling.NONE));
    fields.put(ConfigField.RMS_NORM_EPS, stated(1e-3));
    fields.put(ConfigField.TIED_EMBEDDINGS, stated(false));
    fields.put(ConfigField.ACTIVATION, stated("silu"));
    fields.put(ConfigField.ATTENTION_SCALE, stated(1 / Math.sqrt(HEAD_DIM)));
    fields.put(ConfigField.SLIDING_WINDOW, stated(0L));
    return new ModelConfig(fields);
  }

  private void addDecoder() {
    add(TensorRole.weight(Part.EMBEDDING), VOCABULARY, HIDDEN, 1, 0);
    for (int layer = 0; layer < LAYERS; layer++) {
      add(TensorRole.weight(Part.ATTN_NORM, layer), 1, HIDDEN, 0.2, 1);
      add(TensorRole.weight(Part.Q, layer), HEADS * HEAD_DIM, HIDDEN, 0.4, 0);
      add(TensorRole.weight(Part.K, layer), KV_HEADS * HEAD_DIM, HIDDEN, 0.4, 0);
      add(TensorRole.weight(Part.V, layer), KV_HEADS * HEAD_DIM, HIDDEN, 0.4, 0);
      add(TensorRole.weight(Part.ATTN_OUT, layer), HIDDEN, HEADS * HEAD_DIM, 0.3, 0);
      add(TensorRole.weight(Part.FFN_NORM, layer), 1, HIDDEN, 0.2, 1);
      add(TensorRole.weight(Part.FFN_GATE, layer), FFN, HIDDEN, 0.4, 0);
      add(TensorRole.weight(Part.FFN_UP, layer), FFN, HIDDEN, 0.4, 0);
      add(TensorRole.weight(Part.FFN_DOWN, layer), HIDDEN, FFN, 0.3, 0);
    }
    add(TensorRole.weight(Part.FINAL_NORM), 1, HIDDEN, 0.2, 1);
  }

  private void add(TensorRole role, int rows, int columns, double spread, double mean) {
    float[] data = new float[rows * columns];
    for (int i = 0; i < data.length; i++) {
      data[i] = (float) (random.nextGaussian() * spread + mean);
    }
    values.put(role, data);
    shapes.put(role, new int[] {rows, columns});
  }

  private Model build(ModelConfig config) {
    List<TensorInfo> tensors = new ArrayList<>();
    List<float[]> data = new ArrayList<>();
    values.forEach(
        (role, floats) -> {
          int[] shape = shapes.get(role);
          tensors.add(
              new TensorInfo(
                  role.toString(),
                  ElementType.F32,
                  List.of((long) shape[0], (long) shape[1]),
                  BlockLayout.ROW_ALIGNED,
                  1,
                  0,
                  data.size(),
                  4L * floats.length));
          data.add(floats);
        });
    ModelSource source = new InMemory(tensors, data);
    SortedMap<TensorRole, Weight> weights = new TreeMap<>();
    for (TensorInfo tensor : tensors) {
      TensorRole role = TensorRole.parse(tensor.name()).orElseThrow();
      int[] shape = shapes.get(role);
      weights.put(
          role, Weight.stored(role, source, tensor, new F32Codec(), 0, shape[0], shape[1], null));
    }
    return new Model(source, config, weights, List.of(), List.of());
  }

  /** Decodes little-endian float32. */
  private record F32Codec() implements ElementCodec {
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

  /** Tensor data by its index, which stands in the tensor's offset. */
  private record InMemory(List<TensorInfo> tensors, List<float[]> data) implements ModelSource {
    @Override
    public Path path() {
      return Path.of("tiny.model");
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
      return DimensionOrder.ROW_MAJOR;
    }

    @Override
    public MetadataDialect dialect() {
      return MetadataDialect.HUGGING_FACE;
    }

    @Override
    public Metadata metadata() {
      return new Metadata() {
        @Override
        public SequencedSet<String> keys() {
          return new LinkedHashSet<>();
        }

        @Override
        public Optional<Object> value(String key) {
          return Optional.empty();
        }

        @Override
        public String typeName(String key) {
          throw new IllegalArgumentException(key);
        }
      };
    }

    @Override
    public List<SourceNote> notes() {
      return List.of();
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
  }
}
