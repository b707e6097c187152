package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelException;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import dev.rosetta.trace.Trace;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The shapes of a dump's stages, and the capture points that they are: widths from a model's
 * configuration, or from stages whose sizes determine the number of tokens.
 */
final class AprtShapes {
  /** Stages whose rows are a capture point's as they are. */
  private static final Map<String, Site> SITES =
      Map.ofEntries(
          Map.entry("embedding", Site.EMBEDDING),
          Map.entry("attn_norm", Site.ATTN_NORM),
          Map.entry("q_post_rope", Site.Q_ROPE),
          Map.entry("k_post_rope", Site.K_ROPE),
          Map.entry("attention", Site.ATTN_CONTEXT),
          Map.entry("attn_out", Site.ATTN_OUT),
          Map.entry("post_attn_residual", Site.ATTN_RESIDUAL),
          Map.entry("ffn_norm", Site.FFN_NORM),
          Map.entry("ffn_gate", Site.FFN_GATE),
          Map.entry("ffn_up", Site.FFN_UP),
          Map.entry("ffn_swigl", Site.FFN_ACT),
          Map.entry("ffn_out", Site.FFN_OUT),
          Map.entry("post_ffn_residual", Site.OUTPUT),
          Map.entry("layer_output", Site.OUTPUT),
          Map.entry("final_norm", Site.FINAL_NORM),
          Map.entry("lm_head", Site.LOGITS));

  private final Path path;
  private final Map<Site, Integer> widths = new HashMap<>();
  private final int tokens;

  AprtShapes(Path path, List<AprtDump.Stage> stages, @Nullable ModelConfig config) {
    this.path = path;
    if (config != null) {
      int q = config.heads() * config.headDim();
      int kv = config.kvHeads() * config.headDim();
      for (Site site : Site.values()) {
        widths.put(
            site,
            switch (site) {
              case Q, Q_NORM, Q_ROPE, ATTN_CONTEXT -> q;
              case K, V, K_NORM, K_ROPE -> kv;
              case FFN_GATE, FFN_UP, FFN_ACT -> config.intermediateSize();
              case LOGITS -> config.vocabSize();
              default -> config.hiddenSize();
            });
      }
    }
    tokens = tokens(stages);
    if (config == null) {
      widthsFromSizes(stages);
    }
  }

  /** The number of tokens; every stage but the logits has a row for each. */
  private int tokens(List<AprtDump.Stage> stages) {
    Optional<Integer> tokens = Optional.empty();
    for (AprtDump.Stage stage : stages) {
      Site site = SITES.get(stage.name());
      Integer width = site == null || site == Site.LOGITS ? null : widths.get(site);
      if (width != null) {
        if (stage.values().length % width != 0) {
          throw wrongSize(stage, "is no multiple of the model's width " + width);
        }
        tokens = agreed(tokens, stage, stage.values().length / width);
      }
    }
    return tokens.or(() -> tokensFromSizes(stages)).orElse(-1);
  }

  private static Optional<Integer> agreed(
      Optional<Integer> before, AprtDump.Stage stage, int tokens) {
    if (before.isPresent() && before.get() != tokens) {
      throw wrongSize(stage, "makes " + tokens + " tokens, other stages " + before.get());
    }
    return Optional.of(tokens);
  }

  /** {@code moe_ffn_out} is one token's hidden state, {@code ffn_norm} every token's. */
  private static Optional<Integer> tokensFromSizes(List<AprtDump.Stage> stages) {
    int hidden = 0;
    for (AprtDump.Stage stage : stages) {
      if (stage.name().equals("moe_ffn_out")) {
        hidden = stage.values().length;
      }
    }
    for (AprtDump.Stage stage : stages) {
      if (hidden > 0 && stage.name().equals("ffn_norm") && stage.values().length % hidden == 0) {
        return Optional.of(stage.values().length / hidden);
      }
    }
    return Optional.empty();
  }

  private void widthsFromSizes(List<AprtDump.Stage> stages) {
    for (AprtDump.Stage stage : stages) {
      Site site = SITES.get(stage.name());
      if (site == Site.LOGITS) {
        widths.put(site, stage.values().length);
      } else if (site != null && tokens > 0 && stage.values().length % tokens == 0) {
        widths.merge(
            site,
            stage.values().length / tokens,
            (a, b) -> {
              if (!a.equals(b)) {
                throw wrongSize(stage, "differs from that of other layers");
              }
              return a;
            });
      }
    }
    if (widths.containsKey(Site.Q_ROPE) && widths.containsKey(Site.K_ROPE)) {
      widths.put(Site.Q, widths.get(Site.Q_ROPE));
      widths.put(Site.K, widths.get(Site.K_ROPE));
    }
  }

  Trace trace(List<AprtDump.Stage> stages) {
    SortedMap<CapturePoint, Activation> points = new TreeMap<>();
    for (AprtDump.Stage stage : stages) {
      Site site = SITES.get(stage.name());
      if (site != null) {
        points.put(point(stage, site), activation(stage, site));
      } else if (stage.name().equals("qkv_bias")
          || (stage.name().equals("qkv_matmul") && !hasBias(stages, stage.layer()))) {
        split(stage, points);
      }
    }
    if (points.isEmpty()) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE, path, "none of the dumped stages is a capture point");
    }
    return new Trace(new int[0], points);
  }

  private static boolean hasBias(List<AprtDump.Stage> stages, int layer) {
    return stages.stream().anyMatch(s -> s.layer() == layer && s.name().equals("qkv_bias"));
  }

  private CapturePoint point(AprtDump.Stage stage, Site site) {
    boolean embedding = site == Site.EMBEDDING && stage.layer() <= 0;
    if (!embedding && site.isPerLayer() != (stage.layer() >= 0)) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          stage.file(),
          4,
          stage.name() + (site.isPerLayer() ? " without a layer" : " of layer " + stage.layer()));
    }
    return new CapturePoint(site, site.isPerLayer() ? stage.layer() : -1);
  }

  private Activation activation(AprtDump.Stage stage, Site site) {
    Integer width = widths.get(site);
    if (width == null) {
      throw undetermined(stage);
    }
    int rows = site == Site.LOGITS ? stage.values().length / Math.max(1, width) : tokens;
    if ((long) rows * width != stage.values().length) {
      throw wrongSize(stage, "is not " + rows + " x " + width);
    }
    return new Activation(rows, width, stage.values());
  }

  /** Every token's row is Q, then K, then V. */
  private void split(AprtDump.Stage stage, SortedMap<CapturePoint, Activation> points) {
    Integer q = widths.get(Site.Q);
    Integer kv = widths.get(Site.K);
    if (q == null || kv == null) {
      throw undetermined(stage);
    }
    int row = q + 2 * kv;
    int rows = tokens > 0 ? tokens : stage.values().length / Math.max(1, row);
    if ((long) rows * row != stage.values().length) {
      throw wrongSize(stage, "is not " + rows + " x (" + q + " + 2 x " + kv + ")");
    }
    points.put(CapturePoint.of(Site.Q, stage.layer()), columns(stage.values(), rows, row, 0, q));
    points.put(CapturePoint.of(Site.K, stage.layer()), columns(stage.values(), rows, row, q, kv));
    points.put(
        CapturePoint.of(Site.V, stage.layer()), columns(stage.values(), rows, row, q + kv, kv));
  }

  private static Activation columns(float[] values, int rows, int stride, int first, int width) {
    float[] taken = new float[rows * width];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(values, row * stride + first, taken, row * width, width);
    }
    return new Activation(rows, width, taken);
  }

  private static ModelException undetermined(AprtDump.Stage stage) {
    return new ModelException(
        ErrorCode.SHAPE_MISMATCH,
        stage.file(),
        "an APRT dump states no shapes, and how the "
            + stage.values().length
            + " values of "
            + Quoted.quote(stage.name())
            + " divide into tokens does not follow from the sizes; give the model it was taken"
            + " from");
  }

  private static ModelException wrongSize(AprtDump.Stage stage, String what) {
    return new ModelException(
        ErrorCode.SHAPE_MISMATCH,
        stage.file(),
        8,
        "the size of " + Quoted.quote(stage.name()) + ", " + stage.values().length + ", " + what);
  }
}
