package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Verdict;
import dev.rosetta.model.ModelException;
import dev.rosetta.testing.SharedData;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every mutation of the shared data's script, on every golden model that it applies to, in the
 * first two layers: found and named against the model itself on either side, and against the same
 * model in another precision.
 */
@Tag("nightly")
final class MutationTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();
  private static final List<Integer> TOKENS = List.of(1, 85, 84, 41, 66, 14, 46, 65, 38, 98);

  private static final Map<String, Set<DiagnosisCode>> CODES =
      Map.ofEntries(
          code("truncated_data", FILE_TRUNCATED, TENSOR_OUT_OF_BOUNDS),
          code("offset_shift", TENSOR_OUT_OF_BOUNDS, FILE_TRUNCATED, DATA_SHIFTED),
          code("missing_tensor", TENSOR_MISSING),
          code("nan_one_element", NON_FINITE),
          code("inf_one_element", NON_FINITE),
          code("drop_bias", BIAS_MISSING, TENSOR_MISSING),
          code("zero_tensor", ZEROED_REGION),
          code("head_count_kv_wrong", CONFIG_SHAPE_CONFLICT, SHAPE_MISMATCH),
          code("type_label_f16_as_bf16", DTYPE_CONFUSED),
          code("type_label_bf16_as_f16", DTYPE_CONFUSED),
          code("dtype_label_bf16_as_f16", DTYPE_CONFUSED),
          code("type_label_q4_0_as_iq4_nl", DTYPE_CONFUSED),
          code("transpose_data_square", WEIGHT_TRANSPOSED, WEIGHT_RESHAPED),
          code("transpose_data_nonsquare", WEIGHT_TRANSPOSED, WEIGHT_RESHAPED),
          code("qk_unpermute", QK_PERMUTED),
          code("q_only_unpermute", QK_PERMUTED),
          code("qk_permute_neox", QK_PERMUTED),
          code("qk_gguf_permuted", QK_PERMUTED),
          code("swap_gate_up", TENSORS_SWAPPED),
          code("swap_k_v", TENSORS_SWAPPED),
          code("swap_norms", TENSORS_SWAPPED),
          code("wrong_layer", TENSORS_SWAPPED, TENSOR_DUPLICATED),
          code("layers_swapped", TENSORS_SWAPPED),
          code("off_by_one_row", DATA_SHIFTED, ROWS_PERMUTED),
          code("embd_off_by_one", DATA_SHIFTED, ROWS_PERMUTED),
          code("heads_reversed", ROWS_PERMUTED),
          code("kv_heads_swapped", ROWS_PERMUTED),
          code("block_roll", DATA_SHIFTED),
          code("one_block_zeroed", ZEROED_REGION, VALUES_CORRUPTED),
          code("one_element_x2", VALUES_CORRUPTED),
          code("q4k_nibble_swap", QUANT_NIBBLE_ORDER),
          code("q4k_sequential_nibbles", QUANT_NIBBLE_ORDER),
          code("q4k_scale_packing", QUANT_SCALE_PACKING),
          code("q4k_scale_min_swapped", QUANT_SCALE_PACKING),
          code("q4k_dmin_zero", QUANT_SCALE_PACKING),
          code("q5k_high_bits_dropped", QUANT_NIBBLE_ORDER),
          code("q6k_high_bits_order", QUANT_NIBBLE_ORDER),
          code("q8_0_unsigned", QUANT_NIBBLE_ORDER, QUANT_SCALE_PACKING, DTYPE_CONFUSED),
          code("q4_0_interleaved", QUANT_NIBBLE_ORDER),
          code("endian_swapped", BYTE_ORDER),
          code("rope_theta", CONFIG_MISMATCH),
          code("rms_eps", CONFIG_MISMATCH),
          code("norm_plus_one", NORM_OFFSET),
          code("rope_freqs_dropped", TENSOR_MISSING, CONFIG_MISMATCH),
          code("bias_permuted", BIAS_WRONG, QK_PERMUTED),
          code("qk_norm_swapped", TENSORS_SWAPPED),
          code("lm_head_stale_untied", CONFIG_MISMATCH, DATA_SHIFTED, ROWS_PERMUTED),
          code("lm_head_replaced_by_embd", TENSOR_DUPLICATED, CONFIG_MISMATCH));

  private static Map.Entry<String, Set<DiagnosisCode>> code(
      String mutation, DiagnosisCode first, DiagnosisCode... more) {
    return Map.entry(mutation, EnumSet.of(first, more));
  }

  /**
   * Writes one mutant for each line on standard input, so that few lie about, and prints its name,
   * kind, origin and place. A mutant that equals its origin is a control, as is one whose dims
   * alone changed their order, and a trained head that is the embedding anyway.
   */
  private static final String MAKER =
      """
      import sys, os, json, glob, shutil
      sys.path.insert(0, sys.argv[1])
      import mutate as m
      root, out, n = sys.argv[1] + '/golden', sys.argv[2], 0
      once = ('truncated_data', 'head_count_kv_wrong', 'embd_off_by_one', 'rope_theta', 'rms_eps',
              'rope_freqs_dropped', 'lm_head_stale_untied', 'lm_head_replaced_by_embd')
      benign = lambda name, path: name.startswith('control') or name == 'shape_swap_only' or (
          name == 'lm_head_replaced_by_embd' and 'stories260k' in path)
      def say(*words):
          print('\\t'.join(words), flush=True)
          sys.stdin.readline()
      for path in sorted(glob.glob(root + '/*/*/model.gguf')):
          for layer in (0, 1):
              if layer and m.G(path).get('blk.1.attn_q.weight') is None: continue
              for name, (about, kind, change) in m.M.items():
                  if layer and (kind == 'control' or name in once): continue
                  g = m.G(path)
                  if change(g, layer) is None: continue
                  n += 1
                  target = f'{out}/{n}.gguf'
                  g.write(target)
                  same = open(target, 'rb').read() == open(path, 'rb').read()
                  say(name, 'control' if same or benign(name, path) else kind, path, target)
      for path in sorted(glob.glob(root + '/*/safetensors*')):
          for layer in (0, 1):
              for name in m.STM:
                  if layer and (name in once or name.startswith('control')): continue
                  o, c = m.st_load(path), json.load(open(path + '/config.json'))
                  try:
                      if m.st_mut(name, o, c, layer) is None: continue
                  except KeyError: continue  # no layer behind the last
                  n += 1
                  target = f'{out}/{n}'
                  os.makedirs(target)
                  m.st_save(target, o, 1000 if name == 'truncated_data' else 0)
                  json.dump(c, open(target + '/config.json', 'w'))
                  say(name, 'control' if benign(name, path) else 'numeric', path, target)
      """;

  @Test
  void everyMutationIsFoundAndNamed(@TempDir Path folder) throws Exception {
    Path data = SharedData.require();
    assumeTrue(hasNumpy(), "python3 with numpy makes the mutants, and is not here");
    Process maker =
        new ProcessBuilder("python3", "-c", MAKER, data.toString(), folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int faults = 0;
    int controls = 0;
    StringBuilder misses = new StringBuilder();
    try (BufferedReader lines = maker.inputReader(StandardCharsets.UTF_8);
        var more = maker.outputWriter(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split("\t");
        boolean control = words[1].equals("control");
        Path origin = Path.of(words[2]);
        Path mutant = Path.of(words[3]);
        faults += control ? 0 : 1;
        controls += control ? 1 : 0;
        misses.append(miss(words[0], control, origin, mutant));
        misses.append(miss(words[0], control, mutant, origin));
        if (!words[1].equals("subtle")) {
          Path other = otherPrecision(origin, faults + controls);
          misses.append(miss(words[0], control, other, mutant));
        }
        Bench.delete(mutant);
        more.write('\n');
        more.flush();
      }
    }
    System.out.printf("%d mutants, %d of them harmless%n%s", faults + controls, controls, misses);
    assertEquals(0, maker.waitFor());
    assertTrue(faults > 1000 && controls > 50, faults + " faults, " + controls + " controls");
    assertEquals("", misses.toString());
  }

  private static boolean hasNumpy() throws IOException, InterruptedException {
    try {
      return new ProcessBuilder("python3", "-c", "import numpy").start().waitFor() == 0;
    } catch (IOException notInstalled) {
      return false;
    }
  }

  /** Another file of the same model; the model itself where there is none. */
  private static Path otherPrecision(Path origin, int which) throws IOException {
    boolean single = origin.endsWith("model.gguf");
    Path own = single ? origin.getParent() : origin;
    try (var siblings = Files.list(own.getParent())) {
      List<Path> others =
          siblings
              .filter(path -> !path.equals(own))
              .map(
                  path ->
                      Files.exists(path.resolve("model.gguf")) ? path.resolve("model.gguf") : path)
              .filter(
                  path -> Files.exists(path.resolve("config.json")) || path.endsWith("model.gguf"))
              .sorted()
              .toList();
      return others.isEmpty() ? origin : others.get(which % others.size());
    }
  }

  /** A line that says what went wrong; empty if nothing did. */
  private static String miss(String mutation, boolean control, Path a, Path b) {
    String found;
    boolean right;
    try {
      ComparisonReport report =
          COMPARATOR.compare(ComparisonRequest.of(a, b).withTokens(TOKENS).withoutProof());
      found =
          report.verdict()
              + report.diagnoses().stream()
                  .limit(3)
                  .map(d -> " " + d.code() + " " + d.subject())
                  .collect(Collectors.joining(";"));
      right =
          control
              ? report.verdict() == Verdict.MATCH
              : report.verdict() == Verdict.DIVERGED
                  && CODES.get(mutation).contains(first(report.diagnoses()));
    } catch (ModelException refused) {
      found = refused.code() + " " + refused.getMessage();
      right = !control && isNamed(mutation, refused);
    }
    return right ? "" : "%s: %s against %s: %s%n".formatted(mutation, a, b, found);
  }

  private static boolean isNamed(String mutation, ModelException refused) {
    return CODES.get(mutation).stream().anyMatch(code -> code.name().equals(refused.code().name()));
  }

  private static DiagnosisCode first(List<Diagnosis> diagnoses) {
    return diagnoses.getFirst().code();
  }
}
