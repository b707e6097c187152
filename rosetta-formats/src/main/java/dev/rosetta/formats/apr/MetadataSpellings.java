package dev.rosetta.formats.apr;

import dev.rosetta.model.SourceNote;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The spellings of the metadata fields that several producers name differently. */
final class MetadataSpellings {
  /** Each group's canonical spelling first. */
  static final List<List<String>> GROUPS =
      List.of(
          List.of("hidden_size", "hidden_dim", "d_model", "n_embd"),
          List.of("num_layers", "n_layers", "num_hidden_layers", "n_layer"),
          List.of("num_heads", "n_heads", "num_attention_heads", "n_head"),
          List.of("num_kv_heads", "n_kv_heads", "num_key_value_heads"),
          List.of("vocab_size", "n_vocab"),
          List.of("intermediate_size", "ffn_dim", "intermediate_dim", "n_inner"),
          List.of("max_position_embeddings", "max_seq_len", "context_length", "n_ctx"),
          List.of("rms_norm_eps", "layer_norm_eps", "norm_eps"));

  private MetadataSpellings() {}

  /** Notes the groups that appear under another or under several spellings. */
  static void note(Map<String, ? extends @Nullable Object> metadata, List<SourceNote> notes) {
    List<String> aliases = new ArrayList<>();
    for (List<String> group : GROUPS) {
      List<String> present = group.stream().filter(metadata::containsKey).toList();
      if (present.size() > 1) {
        notes.add(
            AprNote.KEY_CONFLICT.file(
                "the metadata names one field "
                    + String.join(" and ", present)
                    + "; realizar then ignores all metadata without a word"));
      } else if (present.size() == 1 && !present.getFirst().equals(group.getFirst())) {
        aliases.add(present.getFirst() + " for " + group.getFirst());
      }
    }
    if (!aliases.isEmpty()) {
      notes.add(AprNote.KEY_ALIAS.file("metadata spellings: " + String.join(", ", aliases)));
    }
  }
}
