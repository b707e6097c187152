package dev.rosetta.formats.convert;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.model.Vocabulary;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A whole model, independent of any format.
 *
 * @param vocabulary its tokenizer, or null
 * @param mix the element types it was made with, where that is known
 * @param tensors weights by role, rows in half-split order
 * @param others tensors of no known role, with the names they came with
 */
public record ModelContent(
    ModelFacts facts,
    @Nullable Vocabulary vocabulary,
    @Nullable ElementMix mix,
    List<RoleTensor> tensors,
    List<TensorEntry> others) {

  public ModelContent {
    tensors = List.copyOf(tensors);
    others = List.copyOf(others);
  }
}
