package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.Side;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Weight;
import dev.rosetta.testing.MemorySource;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RepairTests {
  private static final int END = Integer.MAX_VALUE;

  @ParameterizedTest
  @CsvSource({
    "layers.3.ffn_gate.weight, 3, 4",
    "layers.0.q.bias, 0, 1",
    "embedding.weight, 0, " + END,
    "rope_freqs.weight, 0, " + END,
    "final_norm.weight, " + END + ", " + END,
    "output.weight, " + END + ", " + END,
  })
  void aRepairedWeightChangesItsLayerAlone(String role, int first, int end) {
    MemorySource source = new MemorySource(MetadataDialect.GGUF).add("w", List.of(1L), 1);
    Weight weight =
        Weight.stored(
            TensorRole.parse(role).orElseThrow(),
            source,
            source.tensor("w"),
            MemorySource.codecs().codec(ElementType.F32).orElseThrow(),
            0,
            1,
            1,
            null);
    Repair repair = new Repair.ReplaceWeight(Side.B, weight);
    assertEquals(first, repair.firstLayer());
    assertEquals(end, repair.endLayer());
  }
}
