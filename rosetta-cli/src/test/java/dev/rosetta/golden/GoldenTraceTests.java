package dev.rosetta.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.engine.Engine;
import dev.rosetta.kernels.java.ScalarBackend;
import dev.rosetta.kernels.java.VectorBackend;
import dev.rosetta.model.ModelSource;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.spi.ElementCodecs;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.ModelFormat;
import dev.rosetta.testing.SharedData;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whole passes over real files against float64 passes that share no code with this project. */
@Tag("shared")
final class GoldenTraceTests {
  /** Five times the error of naive float32 arithmetic, an eighth of the weakest planted fault. */
  private static final double TOLERANCE = 1e-5;

  private final ElementCodecs codecs = ElementCodecs.load();

  @Test
  void everyPointOfEveryModelIsWithinFloat32Error() throws IOException {
    List<String> failures = new ArrayList<>();
    List<GoldenCase> cases = GoldenCase.all(SharedData.require());
    for (GoldenCase golden : cases) {
      try {
        Map<String, double[]> expected = expected(golden);
        SortedMap<CapturePoint, Activation> actual = trace(golden, new VectorBackend(), 2);
        assertEquals(expected.size(), actual.size(), "capture points");
        actual.forEach(
            (point, activation) -> {
              double[] want = expected.get(point.name());
              assertTrue(want != null, "unexpected " + point);
              double error = relativeL2(activation.values(), want);
              assertTrue(error <= TOLERANCE, point + " is off by " + error);
            });
      } catch (RuntimeException | AssertionError e) {
        failures.add(golden.model() + ": " + e.getMessage());
      }
    }
    assertTrue(cases.size() >= 60, cases.size() + " cases");
    assertTrue(failures.isEmpty(), String.join("\n", failures));
  }

  @Test
  void everyBackEndGivesTheSameBits() throws IOException {
    List<GoldenCase> cases = GoldenCase.all(SharedData.require());
    List<KernelBackend> backends = List.of(new ScalarBackend(), new VectorBackend());
    for (GoldenCase golden : cases) {
      SortedMap<CapturePoint, Activation> first = trace(golden, backends.getFirst(), 1);
      for (KernelBackend backend : backends) {
        trace(golden, backend, 2)
            .forEach(
                (point, activation) ->
                    assertTrue(
                        Arrays.equals(first.get(point).values(), activation.values()),
                        golden.model() + " " + point + " on " + backend.name()));
      }
    }
  }

  private SortedMap<CapturePoint, Activation> trace(
      GoldenCase golden, KernelBackend backend, int threads) throws IOException {
    SortedMap<CapturePoint, Activation> points = new TreeMap<>();
    try (ModelSource source = open(golden.model());
        Engine engine = new Engine(backend, threads)) {
      Model model = Normalizer.normalize(source, codecs);
      engine.forward(model, golden.tokens(), points::put);
    }
    return points;
  }

  private static ModelSource open(Path path) throws IOException {
    boolean folder = Files.isDirectory(path);
    byte[] bytes = {};
    if (!folder) {
      try (InputStream in = Files.newInputStream(path)) {
        bytes = in.readNBytes(FileHead.MAX_BYTES);
      }
    }
    FileHead head = new FileHead(path, folder, folder ? 0 : Files.size(path), bytes);
    for (ModelFormat format : ServiceLoader.load(ModelFormat.class)) {
      if (format.recognizes(head)) {
        return format.open(path);
      }
    }
    throw new IllegalStateException("no format recognises " + path);
  }

  /** The recorded activations under our names, q and k with their rows in half-split order. */
  private static Map<String, double[]> expected(GoldenCase golden) throws IOException {
    Map<String, Npz.Array> recorded = Npz.read(golden.activations());
    Map<String, double[]> points = new TreeMap<>();
    recorded.forEach(
        (key, array) -> {
          int dot = key.indexOf('.');
          String site = key.substring(dot + 1);
          if ((site.endsWith("_proj") && recorded.containsKey(key.replace("_proj", "_bias")))
              || site.startsWith("attn_scores")
              || site.equals("attn_probs")) {
            return;
          }
          String ours = dot < 0 ? site : "layers." + key.substring(5, dot) + "." + name(site);
          boolean rotated = site.matches("[qk]_(proj|bias|rope)");
          points.put(
              ours,
              rotated && golden.interleavedRows()
                  ? halfSplit(array.values(), headDim(recorded))
                  : array.values());
        });
    return points;
  }

  private static String name(String site) {
    return switch (site) {
      case "q_proj", "q_bias" -> "q";
      case "k_proj", "k_bias" -> "k";
      case "v_proj", "v_bias" -> "v";
      case "attn_ctx" -> "attn_context";
      case "ffn_inp" -> "attn_residual";
      case "ffn_swiglu" -> "ffn_act";
      case "ffn_down" -> "ffn_out";
      case "layer_out" -> "output";
      default -> site;
    };
  }

  private static int headDim(Map<String, Npz.Array> recorded) {
    return recorded.get("layer0.q_rope").shape()[2];
  }

  private static double[] halfSplit(double[] interleaved, int headDim) {
    double[] split = new double[interleaved.length];
    for (int head = 0; head < split.length; head += headDim) {
      for (int i = 0; i < headDim / 2; i++) {
        split[head + i] = interleaved[head + 2 * i];
        split[head + i + headDim / 2] = interleaved[head + 2 * i + 1];
      }
    }
    return split;
  }

  private static double relativeL2(float[] actual, double[] expected) {
    if (actual.length != expected.length) {
      return Double.POSITIVE_INFINITY;
    }
    double error = 0;
    double norm = 0;
    for (int i = 0; i < actual.length; i++) {
      error += (actual[i] - expected[i]) * (actual[i] - expected[i]);
      norm += expected[i] * expected[i];
    }
    return Math.sqrt(error / norm);
  }
}
