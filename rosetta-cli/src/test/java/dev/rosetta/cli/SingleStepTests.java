package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Verdict;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.quant.ElementEncoder;
import dev.rosetta.model.ElementType;
import dev.rosetta.testing.TinyDecoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A value that differs by one step of its block: everywhere it is what quantising from another
 * precision leaves, in few weights it is damage.
 */
final class SingleStepTests {
  @TempDir Path folder;
  private TinyFiles files;
  private final TinyDecoder llama = TinyDecoder.of("llama", 5);

  @BeforeEach
  void prepare() {
    files = new TinyFiles(folder);
  }

  /** The model in Q8_0, one value a step off in the first {@code many} matrices. */
  private Path model(String name, int many) {
    List<TensorEntry> entries = new ArrayList<>();
    int[] left = {many};
    for (TensorEntry entry : TinyFiles.entries(llama.ggufTensors())) {
      if (entry.dims().size() == 1) {
        entries.add(entry);
        continue;
      }
      float[] values = llama.ggufTensors().get(entry.name()).values();
      byte[] bytes = new byte[(int) ElementType.Q8_0.byteSize(values.length)];
      ElementEncoder.of(ElementType.Q8_0).orElseThrow().encode(values, 0, values.length, bytes, 0);
      if (left[0]-- > 0) {
        bytes[2 + 5] = (byte) (bytes[2 + 5] + (bytes[2 + 5] > 0 ? -1 : 1));
      }
      entries.add(TensorEntry.of(entry.name(), ElementType.Q8_0, entry.dims(), bytes));
    }
    return files.gguf(name, llama, entries, Map.of());
  }

  private static ComparisonReport compare(Path a, Path b) {
    return RosettaComparator.create()
        .compare(ComparisonRequest.of(a, b).withThreads(2).withTokens(List.of(3, 1, 4, 1, 5)));
  }

  @Test
  void inEveryWeightItIsTheRoundingOfAnotherSource() {
    ComparisonReport report = compare(model("a", 0), model("b", 99));
    assertEquals(Verdict.MATCH, report.verdict(), () -> report.diagnoses().toString());
  }

  @Test
  void inOneWeightOrInAFewItIsDamage() {
    for (int many : new int[] {1, 2, 5}) {
      ComparisonReport report = compare(model("a", 0), model("b" + many, many));
      assertEquals(Verdict.DIVERGED, report.verdict(), many + " weights");
    }
  }
}
