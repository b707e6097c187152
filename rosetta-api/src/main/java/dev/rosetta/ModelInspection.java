package dev.rosetta;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a file says about its model, without running it.
 *
 * @param summary path, format, architecture, parameters, element types
 * @param config effective configuration with origins; empty if the file does not give one
 * @param configProblem why there is no effective configuration, or null
 * @param metadata the file's own key-value pairs; those that a {@link ProgressListener} is shown
 *     may be readable during that call alone
 * @param dimensionOrder order of {@link TensorInfo#dims()}
 * @param tensors the tensor directory in file order
 * @param roles canonical role of each tensor by its name; tensors without a role are absent
 * @param expectedDims row-major dims that the effective configuration gives to each tensor with a
 *     role, {@code [out, in]} for a matrix, by the tensor's name; absent where the configuration
 *     does not say
 * @param notes damage, oddities and what was normalised
 */
public record ModelInspection(
    SideSummary summary,
    Map<ConfigField, ConfigValue> config,
    @Nullable String configProblem,
    Metadata metadata,
    DimensionOrder dimensionOrder,
    List<TensorInfo> tensors,
    Map<String, String> roles,
    Map<String, List<Long>> expectedDims,
    List<SourceNote> notes) {}
