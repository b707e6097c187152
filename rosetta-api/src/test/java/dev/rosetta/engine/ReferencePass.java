package dev.rosetta.engine;

import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.RopeStyle;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** The forward pass once more, as a textbook has it: double arithmetic, one token row at a time. */
final class ReferencePass {
  private final Model model;
  private final ModelConfig config;
  private final Map<CapturePoint, double[][]> points = new LinkedHashMap<>();

  private ReferencePass(Model model) {
    this.model = model;
    this.config = model.config();
  }

  static Map<CapturePoint, double[][]> run(Model model, int[] tokens) {
    return new ReferencePass(model).forward(tokens);
  }

  private Map<CapturePoint, double[][]> forward(int[] tokens) {
    double[][] embedding = matrix(TensorRole.weight(Part.EMBEDDING));
    double[][] x = new double[tokens.length][];
    for (int t = 0; t < tokens.length; t++) {
      x[t] = embedding[tokens[t]];
    }
    points.put(CapturePoint.of(Site.EMBEDDING), x);
    for (int n = 0; n < config.layers(); n++) {
      x = layer(n, x);
    }
    x = norm(x, TensorRole.weight(Part.FINAL_NORM));
    points.put(CapturePoint.of(Site.FINAL_NORM), x);
    Weight head = model.head().orElseThrow();
    points.put(CapturePoint.of(Site.LOGITS), linear(x, head.role(), null));
    return points;
  }

  private double[][] layer(int n, double[][] x) {
    double[][] h = put(Site.ATTN_NORM, n, norm(x, TensorRole.weight(Part.ATTN_NORM, n)));
    double[][] q = put(Site.Q, n, linear(h, Part.Q, n));
    double[][] k = put(Site.K, n, linear(h, Part.K, n));
    double[][] v = put(Site.V, n, linear(h, Part.V, n));
    if (model.weight(TensorRole.weight(Part.Q_NORM, n)).isPresent()) {
      q = put(Site.Q_NORM, n, norm(q, TensorRole.weight(Part.Q_NORM, n)));
      k = put(Site.K_NORM, n, norm(k, TensorRole.weight(Part.K_NORM, n)));
    }
    q = put(Site.Q_ROPE, n, rotate(q));
    k = put(Site.K_ROPE, n, rotate(k));
    double[][] context = put(Site.ATTN_CONTEXT, n, attention(q, k, v));
    double[][] out = put(Site.ATTN_OUT, n, linear(context, Part.ATTN_OUT, n));
    x = put(Site.ATTN_RESIDUAL, n, add(x, out));
    h = put(Site.FFN_NORM, n, norm(x, TensorRole.weight(Part.FFN_NORM, n)));
    double[][] gate = put(Site.FFN_GATE, n, linear(h, Part.FFN_GATE, n));
    double[][] up = put(Site.FFN_UP, n, linear(h, Part.FFN_UP, n));
    double[][] act = new double[gate.length][gate[0].length];
    for (int t = 0; t < act.length; t++) {
      for (int i = 0; i < act[t].length; i++) {
        act[t][i] = gate[t][i] / (1 + Math.exp(-gate[t][i])) * up[t][i];
      }
    }
    put(Site.FFN_ACT, n, act);
    return put(Site.OUTPUT, n, add(x, put(Site.FFN_OUT, n, linear(act, Part.FFN_DOWN, n))));
  }

  private double[][] put(Site site, int layer, double[][] value) {
    points.put(CapturePoint.of(site, layer), value);
    return value;
  }

  private double[][] norm(double[][] x, TensorRole role) {
    double[] weight = flat(role);
    double[][] result = new double[x.length][x[0].length];
    for (int t = 0; t < x.length; t++) {
      for (int from = 0; from < x[t].length; from += weight.length) {
        double squares = 0;
        for (int i = 0; i < weight.length; i++) {
          squares += x[t][from + i] * x[t][from + i];
        }
        double root = Math.sqrt(squares / weight.length + config.rmsNormEps());
        for (int i = 0; i < weight.length; i++) {
          result[t][from + i] = x[t][from + i] / root * weight[i];
        }
      }
    }
    return result;
  }

  private double[][] linear(double[][] x, Part part, int layer) {
    TensorRole bias = TensorRole.bias(part, layer);
    return linear(
        x, TensorRole.weight(part, layer), model.weight(bias).isPresent() ? flat(bias) : null);
  }

  private double[][] linear(double[][] x, TensorRole role, double[] bias) {
    double[][] weight = matrix(role);
    double[][] result = new double[x.length][weight.length];
    for (int t = 0; t < x.length; t++) {
      for (int r = 0; r < weight.length; r++) {
        double sum = bias == null ? 0 : bias[r];
        for (int i = 0; i < weight[r].length; i++) {
          sum += weight[r][i] * x[t][i];
        }
        result[t][r] = sum;
      }
    }
    return result;
  }

  /** Rotates pairs as complex numbers; frequencies without scaling, divided by rope_freqs. */
  private double[][] rotate(double[][] x) {
    int dim = config.headDim();
    TensorRole factors = TensorRole.weight(Part.ROPE_FREQS);
    double[][] result = new double[x.length][x[0].length];
    for (int t = 0; t < x.length; t++) {
      for (int head = 0; head < x[t].length; head += dim) {
        for (int i = 0; i < dim / 2; i++) {
          double angle = t / Math.pow(config.ropeTheta(), 2.0 * i / dim);
          if (model.weight(factors).isPresent()) {
            angle /= flat(factors)[i];
          }
          boolean split = config.ropeStyle() == RopeStyle.HALF_SPLIT;
          int a = head + (split ? i : 2 * i);
          int b = head + (split ? i + dim / 2 : 2 * i + 1);
          result[t][a] = x[t][a] * Math.cos(angle) - x[t][b] * Math.sin(angle);
          result[t][b] = x[t][b] * Math.cos(angle) + x[t][a] * Math.sin(angle);
        }
      }
    }
    return result;
  }

  private double[][] attention(double[][] q, double[][] k, double[][] v) {
    int dim = config.headDim();
    double[][] result = new double[q.length][q[0].length];
    for (int h = 0; h < config.heads(); h++) {
      int kv = h * config.kvHeads() / config.heads();
      for (int t = 0; t < q.length; t++) {
        double[] weights = new double[t + 1];
        double sum = 0;
        for (int s = 0; s <= t; s++) {
          double score = 0;
          for (int i = 0; i < dim; i++) {
            score += q[t][h * dim + i] * k[s][kv * dim + i];
          }
          boolean visible = config.slidingWindow() == 0 || t - s < config.slidingWindow();
          weights[s] = visible ? Math.exp(score * config.attentionScale()) : 0;
          sum += weights[s];
        }
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < dim; i++) {
            result[t][h * dim + i] += weights[s] / sum * v[s][kv * dim + i];
          }
        }
      }
    }
    return result;
  }

  private static double[][] add(double[][] a, double[][] b) {
    double[][] sum = new double[a.length][a[0].length];
    for (int t = 0; t < a.length; t++) {
      for (int i = 0; i < a[t].length; i++) {
        sum[t][i] = a[t][i] + b[t][i];
      }
    }
    return sum;
  }

  private double[] flat(TensorRole role) {
    float[] values = model.weight(role).orElseThrow().decodeAll();
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }

  private double[][] matrix(TensorRole role) {
    Weight weight = model.weight(role).orElseThrow();
    double[] flat = flat(role);
    double[][] result = new double[weight.rows()][];
    for (int r = 0; r < result.length; r++) {
      result[r] = Arrays.copyOfRange(flat, r * weight.columns(), (r + 1) * weight.columns());
    }
    return result;
  }
}
