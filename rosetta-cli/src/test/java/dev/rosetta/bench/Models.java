package dev.rosetta.bench;

import dev.rosetta.bench.TinyModel.Shape;
import dev.rosetta.testing.SharedData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The models that faults are planted in: random ones of four shapes, and a trained one. */
final class Models {
  private Models() {}

  /** The random models of {@code seed}, and the trained one where the shared data is there. */
  static List<TinyModel> withTrained(long seed) {
    List<TinyModel> models = of(seed);
    models.addAll(likeTrained(seed));
    Optional<Path> data = SharedData.locate();
    data.ifPresent(
        folder ->
            models.add(
                new TinyModel(
                    new Shape("llama", 5, 64, 8, 4, 8, 172, 512, 10_000, 1e-5, false, false),
                    folder.resolve("golden/stories260k/safetensors_f32"))));
    return models;
  }

  /** The random models of {@code seed}, and one of layers enough to be held against one another. */
  static List<TinyModel> withDeep(long seed) {
    List<TinyModel> models = of(seed);
    models.add(new TinyModel(deep(), seed + models.size()));
    return models;
  }

  static Shape deep() {
    return new Shape("llama", 12, 256, 6, 2, 32, 512, 160, 10_000, 1e-5, false, false);
  }

  /** Random models with weights shaped like trained ones, the same for the same seed. */
  static List<TinyModel> likeTrained(long seed) {
    List<TinyModel> models = new ArrayList<>();
    for (String architecture : new String[] {"llama", "qwen2", "qwen3"}) {
      for (Shape shape : List.of(small(architecture), large(architecture), square(architecture))) {
        models.add(new TinyModel(shape, seed + 100 + models.size(), true));
      }
    }
    return models;
  }

  /** Random models, the same for the same seed. */
  static List<TinyModel> of(long seed) {
    List<TinyModel> models = new ArrayList<>();
    for (String architecture : new String[] {"llama", "qwen2", "qwen3"}) {
      for (Shape shape :
          List.of(
              small(architecture), large(architecture), odd(architecture), square(architecture))) {
        models.add(new TinyModel(shape, seed + models.size()));
      }
    }
    return models;
  }

  /** Rows of whole blocks of 32; no vocabulary. */
  private static Shape small(String architecture) {
    return new Shape(architecture, 3, 128, 6, 3, 32, 224, 160, 10_000, 1e-5, false, false);
  }

  /** Rows of whole blocks of 256 where the input is the residual stream, with a vocabulary. */
  private static Shape large(String architecture) {
    return new Shape(
        architecture, 2, 256, 6, 2, 16, 320, 280, 1e6, 1e-6, architecture.equals("qwen3"), true);
  }

  /** Rows of no whole blocks; as many K rows per query head as make wrong head counts visible. */
  private static Shape odd(String architecture) {
    boolean tied = architecture.equals("qwen2");
    return new Shape(architecture, 4, 88, 4, 2, 20, 152, 131, 500_000, 1e-6, tied, false);
  }

  /** Sizes that coincide: square Q and O, twice as many hidden rows, n_head = n_kv². */
  private static Shape square(String architecture) {
    return new Shape(architecture, 3, 96, 4, 2, 24, 192, 192, 10_000, 1e-5, false, false);
  }
}
