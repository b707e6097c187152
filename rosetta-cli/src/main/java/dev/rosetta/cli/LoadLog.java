package dev.rosetta.cli;

import dev.rosetta.ModelInspection;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.SafeText;
import dev.rosetta.model.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The log of what an APR file states about each tensor and what a matmul needs. */
final class LoadLog {
  private static final String PREFIX = "[APR-LOAD] ";
  private static final int LONGEST_NAME = 200;

  private LoadLog() {}

  /** Three lines for every tensor that {@code wanted} accepts; none for other formats. */
  static List<String> lines(ModelInspection inspection, Predicate<TensorInfo> wanted) {
    List<String> lines = new ArrayList<>();
    if (inspection.summary().format().equals("APR")) {
      for (TensorInfo tensor : inspection.tensors()) {
        if (wanted.test(tensor)) {
          lines.addAll(lines(inspection, tensor));
        }
      }
    }
    return lines;
  }

  private static List<String> lines(ModelInspection inspection, TensorInfo tensor) {
    List<Long> dims =
        inspection.dimensionOrder() == DimensionOrder.ROW_MAJOR
            ? tensor.dims()
            : tensor.dims().reversed();
    List<Long> expected = inspection.expectedDims().get(tensor.name());
    return List.of(
        PREFIX
            + "Tensor '"
            + SafeText.escape(tensor.name(), LONGEST_NAME)
            + "': dims="
            + dims
            + ", dtype="
            + tensor.type(),
        PREFIX + "Expected layout: " + expectedLayout(expected),
        PREFIX + "Actual layout: " + dims + " - " + outcome(dims, expected));
  }

  private static String expectedLayout(@Nullable List<Long> expected) {
    if (expected == null) {
      return "unknown, the forward pass does not use this tensor";
    }
    return expected.size() == 2 ? "[out_dim, in_dim] for matmul" : "[dim], a vector";
  }

  private static String outcome(List<Long> dims, @Nullable List<Long> expected) {
    if (expected == null) {
      return "NOT CHECKED";
    }
    if (dims.equals(expected)) {
      return "OK";
    }
    return dims.size() == 2 && dims.equals(expected.reversed())
        ? "TRANSPOSE NEEDED"
        : "SHAPE MISMATCH, the config asks for " + expected;
  }
}
