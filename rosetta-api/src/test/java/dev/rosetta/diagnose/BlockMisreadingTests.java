package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.rosetta.diagnose.BlockChanges.Known;
import dev.rosetta.model.ElementType;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link BlockChanges#misreadings}. */
final class BlockMisreadingTests {

  private static byte[] changed(byte[] block, Known... changes) {
    byte[] copy = block.clone();
    for (Known change : changes) {
      change.undo().apply(copy);
    }
    return copy;
  }

  /** What would be a wrong packing is undone by one of those that undo a packing. */
  @ParameterizedTest
  @EnumSource(names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K", "MXFP4"})
  void pairsAreReadBothWays(ElementType type) {
    byte[] block = new byte[type.blockBytes()];
    new Random(7).nextBytes(block);
    List<Known> all = BlockChanges.misreadings(type);
    long inverses =
        all.stream()
            .filter(
                one ->
                    !Arrays.equals(block, changed(block, one, one))
                        && all.stream()
                            .anyMatch(other -> Arrays.equals(block, changed(block, one, other))))
            .count();
    assertFalse(inverses < 2, "pairs to halves, and halves to pairs");
  }

  @ParameterizedTest
  @EnumSource(names = {"Q4_K", "Q5_K", "Q6_K", "Q2_K", "Q4_1", "Q5_1"})
  void everyMisreadingChangesTheBlock(ElementType type) {
    byte[] block = new byte[type.blockBytes()];
    new Random(7).nextBytes(block);
    for (Known known : BlockChanges.misreadings(type)) {
      byte[] once = changed(block, known);
      assertFalse(Arrays.equals(block, once), known.words());
      assertArrayEquals(once, changed(block, known), known.words());
    }
  }
}
