package dev.rosetta.trace;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in the forward pass whose activations are compared: {@code layers.3.ffn_gate}.
 *
 * <p>Activations are {@code [tokens, width]}, row-major float32, all prompt positions.
 *
 * @param site the operation whose output is captured
 * @param layer 0-based layer, or -1 for sites of the whole model
 */
public record CapturePoint(Site site, int layer) implements Comparable<CapturePoint> {
  private static final Pattern NAME = Pattern.compile("(?:layers\\.(\\d{1,6})\\.)?([a-z_]+)");

  /** The operations that are captured, in the order in which a forward pass meets them. */
  public enum Site {
    EMBEDDING("embedding", false),
    ATTN_NORM("attn_norm", true),
    /** Q after its bias, before rotary embedding; rows in half-split order. */
    Q("q", true),
    K("k", true),
    V("v", true),
    Q_NORM("q_norm", true),
    K_NORM("k_norm", true),
    Q_ROPE("q_rope", true),
    K_ROPE("k_rope", true),
    /** softmax(QK)V, heads joined. */
    ATTN_CONTEXT("attn_context", true),
    ATTN_OUT("attn_out", true),
    ATTN_RESIDUAL("attn_residual", true),
    FFN_NORM("ffn_norm", true),
    FFN_GATE("ffn_gate", true),
    FFN_UP("ffn_up", true),
    /** activation(gate) * up. */
    FFN_ACT("ffn_act", true),
    FFN_OUT("ffn_out", true),
    /** The residual after the feed-forward block. */
    OUTPUT("output", true),
    FINAL_NORM("final_norm", false),
    LOGITS("logits", false);

    private final String word;
    private final boolean perLayer;

    Site(String word, boolean perLayer) {
      this.word = word;
      this.perLayer = perLayer;
    }

    public String word() {
      return word;
    }

    public boolean isPerLayer() {
      return perLayer;
    }
  }

  public CapturePoint {
    if (site.isPerLayer() != (layer >= 0)) {
      throw new IllegalArgumentException(site + " with layer " + layer);
    }
  }

  /** A site of the whole model. */
  public static CapturePoint of(Site site) {
    return new CapturePoint(site, -1);
  }

  /** A site of layer {@code layer}. */
  public static CapturePoint of(Site site, int layer) {
    return new CapturePoint(site, layer);
  }

  /** Parses {@link #name()}; empty if {@code name} is no capture point. */
  public static Optional<CapturePoint> parse(String name) {
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int layer = matcher.group(1) == null ? -1 : Integer.parseInt(matcher.group(1));
    for (Site site : Site.values()) {
      if (site.word.equals(matcher.group(2)) && site.perLayer == (layer >= 0)) {
        return Optional.of(new CapturePoint(site, layer));
      }
    }
    return Optional.empty();
  }

  /** {@code layers.3.ffn_gate}, or {@code logits}. */
  public String name() {
    return layer >= 0 ? "layers." + layer + "." + site.word : site.word;
  }

  /** Forward-pass order. */
  @Override
  public int compareTo(CapturePoint other) {
    int byStage = Integer.compare(stage(), other.stage());
    if (byStage != 0) {
      return byStage;
    }
    int byLayer = Integer.compare(layer, other.layer);
    return byLayer != 0 ? byLayer : site.compareTo(other.site);
  }

  private int stage() {
    if (site.perLayer) {
      return 1;
    }
    return site == Site.EMBEDDING ? 0 : 2;
  }

  @Override
  public String toString() {
    return name();
  }
}
