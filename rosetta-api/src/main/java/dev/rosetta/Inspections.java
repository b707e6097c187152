package dev.rosetta;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Finding;
import dev.rosetta.normalize.Inventory;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.spi.ElementCodecs;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Describes a source without running it. */
final class Inspections {
  private Inspections() {}

  static ModelInspection of(ModelSource source, ElementCodecs codecs) {
    try {
      return of(source, Normalizer.normalize(source, codecs), null);
    } catch (ModelException e) {
      return of(source, null, e.getMessage());
    }
  }

  /**
   * @param model what normalising the source gave, or null
   * @param problem why there is no model, or null
   */
  static ModelInspection of(ModelSource source, @Nullable Model model, @Nullable String problem) {
    List<SourceNote> notes = new ArrayList<>(source.notes());
    Map<ConfigField, ConfigValue> config = Map.of();
    if (model != null) {
      config = model.config().fields();
      notes.addAll(model.notes());
      for (Finding finding : model.findings()) {
        notes.add(
            new SourceNote(
                finding.severity(), finding.code().name(), finding.subject(), finding.message()));
      }
    }
    Map<String, String> roles = new LinkedHashMap<>();
    Map<String, List<Long>> expected = new LinkedHashMap<>();
    for (TensorInfo tensor : source.tensors()) {
      Optional<TensorRole> role = Normalizer.role(tensor.name());
      if (role.isPresent()) {
        roles.put(tensor.name(), role.get().toString());
        if (model != null) {
          expected.put(tensor.name(), Inventory.shape(role.get(), model.config()));
        }
      }
    }
    return new ModelInspection(
        summary(source, model),
        config,
        problem,
        source.metadata(),
        source.dimensionOrder(),
        source.tensors(),
        roles,
        expected,
        notes);
  }

  static SideSummary summary(ModelSource source, @Nullable Model model) {
    EnumMap<ElementType, Integer> counts = new EnumMap<>(ElementType.class);
    long parameters = 0;
    for (TensorInfo tensor : source.tensors()) {
      counts.merge(tensor.type(), 1, Integer::sum);
      parameters += tensor.elements();
    }
    Map<String, Integer> types = new LinkedHashMap<>();
    counts.entrySet().stream()
        .sorted(Map.Entry.<ElementType, Integer>comparingByValue(Comparator.reverseOrder()))
        .forEach(entry -> types.put(entry.getKey().name(), entry.getValue()));
    List<SourceNote> notes = new ArrayList<>(source.notes());
    if (model != null) {
      notes.addAll(model.notes());
    }
    return new SideSummary(
        source.path(),
        source.format(),
        model == null ? "" : model.config().architecture(),
        parameters,
        types,
        notes);
  }
}
