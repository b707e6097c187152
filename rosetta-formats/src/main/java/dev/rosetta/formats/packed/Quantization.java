package dev.rosetta.formats.packed;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.model.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code config.json} says about packed weights: {@code quantization_config}, in older folders
 * of compressed-tensors {@code compression_config}, in folders of MLX {@code quantization}. Shapes
 * have the last word; this decides where they leave a choice.
 *
 * @param method its {@code quant_method} in lower case, {@code mlx} for MLX; empty if none is
 *     stated
 * @param values the object
 */
record Quantization(String method, Map<String, @Nullable Object> values) {

  static Quantization of(Metadata config) {
    Map<String, @Nullable Object> text =
        BoundedJson.asObject(config.value("text_config").orElse(null));
    for (String key : List.of("quantization_config", "compression_config", "quantization")) {
      Object value = config.value(key).orElse(text == null ? null : text.get(key));
      Map<String, @Nullable Object> object = BoundedJson.asObject(value);
      if (object != null) {
        String method =
            object.get("quant_method") instanceof String stated
                ? stated.toLowerCase(Locale.ROOT)
                : object.get("mode") instanceof String || object.containsKey("group_size")
                    ? "mlx"
                    : "";
        return new Quantization(method, object);
      }
    }
    return new Quantization("", Map.of());
  }

  String string(String key) {
    return values.get(key) instanceof String text ? text.toLowerCase(Locale.ROOT) : "";
  }

  Optional<Long> integer(String key) {
    return values.get(key) instanceof Long number ? Optional.of(number) : Optional.empty();
  }

  /** What MLX states about one module, else about all of them. */
  Quantization ofModule(String module) {
    Map<String, @Nullable Object> own = BoundedJson.asObject(values.get(module));
    return own == null ? this : new Quantization(method, own);
  }

  /** The descriptions of weights in the groups that compressed-tensors states. */
  private List<Map<String, @Nullable Object>> weightGroups() {
    List<Map<String, @Nullable Object>> found = new ArrayList<>();
    Map<String, @Nullable Object> groups = BoundedJson.asObject(values.get("config_groups"));
    if (groups != null) {
      for (Object group : groups.values()) {
        Map<String, @Nullable Object> scheme = BoundedJson.asObject(group);
        Map<String, @Nullable Object> weights =
            scheme == null ? null : BoundedJson.asObject(scheme.get("weights"));
        if (weights != null) {
          found.add(weights);
        }
      }
    }
    return found;
  }

  /** Sizes of groups of inputs that compressed-tensors states for some group of modules. */
  List<Long> groupSizes() {
    return stated("group_size").filter(size -> size > 0).toList();
  }

  /** Bits that compressed-tensors states for some group of modules. */
  List<Long> statedBits() {
    return stated("num_bits").toList();
  }

  private Stream<Long> stated(String key) {
    return weightGroups().stream()
        .map(weights -> weights.get(key))
        .filter(Long.class::isInstance)
        .map(Long.class::cast);
  }

  /** Whether a size of blocks is stated. */
  boolean statesBlocks() {
    return !statedBlocks().isEmpty();
  }

  /** {@code [rows, columns]} of blocks that share a scale, as stated; the usual ones otherwise. */
  List<long[]> blockSizes() {
    List<long[]> sizes = statedBlocks();
    return sizes.isEmpty() ? List.of(new long[] {128, 128}) : sizes;
  }

  private List<long[]> statedBlocks() {
    List<long[]> sizes = new ArrayList<>();
    addBlock(values.get("weight_block_size"), sizes);
    for (Map<String, @Nullable Object> weights : weightGroups()) {
      addBlock(weights.get("block_structure"), sizes);
    }
    return sizes;
  }

  private static void addBlock(@Nullable Object value, List<long[]> sizes) {
    if (value instanceof List<?> list
        && list.size() == 2
        && list.get(0) instanceof Long rows
        && list.get(1) instanceof Long columns
        && rows > 0
        && columns > 0) {
      sizes.add(new long[] {rows, columns});
    }
  }
}
