package dev.rosetta.normalize;

import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The decoder inside a model that sees or hears as well: where its config is, and which tensors
 * belong to the other parts. A text alone runs through the decoder and nothing else.
 *
 * @param type the whole model's {@code model_type}
 * @param scope path of the decoder's config, {@code "text_config/"}; empty where its fields stand
 *     at the top
 */
record LanguagePart(String type, String scope) {
  private static final List<String> SCOPES = List.of("text_config", "llm_config");

  /** Types whose first configs have the decoder's fields at the top. */
  private static final Set<String> AT_THE_TOP = Set.of("qwen2_vl", "qwen2_5_vl");

  /** Modules of the other parts. */
  private static final Set<String> OTHER_PARTS =
      Set.of(
          "visual",
          "vision",
          "vision_tower",
          "vision_model",
          "vision_encoder",
          "vision_embed_tokens",
          "vision_language_adapter",
          "image_encoder",
          "image_newline",
          "embed_vision",
          "multi_modal_projector",
          "multimodal_projector",
          "mm_projector",
          "patch_merger",
          "pre_mm_projector_norm",
          "aligner",
          "connector",
          "mlp1",
          "audio_tower",
          "audio_model",
          "audio_encoder",
          "embed_audio");

  /** Wrappers and the model's own first modules that may stand in front of one. */
  private static final int DEPTH = 4;

  /** The language part of a Hugging Face model of several parts; empty for any other model. */
  static Optional<LanguagePart> of(ModelSource source) {
    if (source.dialect() != MetadataDialect.HUGGING_FACE) {
      return Optional.empty();
    }
    Metadata metadata = source.metadata();
    String type = metadata.value("model_type").map(Object::toString).orElse("");
    for (String key : SCOPES) {
      if (metadata.value(key).orElse(null) instanceof Map<?, ?> inner && !inner.isEmpty()) {
        return Optional.of(new LanguagePart(type, key + "/"));
      }
    }
    return AT_THE_TOP.contains(type) ? Optional.of(new LanguagePart(type, "")) : Optional.empty();
  }

  /** Whether a tensor belongs to another part by its name. */
  static boolean isOfAnother(String name) {
    return Arrays.stream(name.split("\\.", DEPTH + 1)).limit(DEPTH).anyMatch(OTHER_PARTS::contains);
  }
}
