package dev.rosetta.formats.synth;

import dev.rosetta.formats.convert.ModelContent;
import dev.rosetta.formats.convert.Recoding;
import dev.rosetta.formats.convert.RoleTensor;
import dev.rosetta.formats.convert.RowSource;
import dev.rosetta.formats.quant.ElementEncoder;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A converter's mistake, made on purpose in one place.
 *
 * @param kind what is wrong
 * @param role the weight it is wrong with; of {@link Kind#SWAP_GATE_UP}, the gate
 */
public record PlantedFault(Kind kind, TensorRole role) {

  /** The mistakes that can be made. */
  public enum Kind {
    /** The values of the transposed matrix under the dims of the right one. */
    TRANSPOSE,
    /** Every value is zero. */
    ZERO,
    /** Rows of each head in the order of the other rotary style. */
    INTERLEAVE,
    /** Gate and up of one layer change places. */
    SWAP_GATE_UP
  }

  /**
   * Reads {@code transpose:layers.14.ffn_gate}, {@code zero:TENSOR}, {@code interleave:TENSOR} or
   * {@code swap-gate-up:LAYER}.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  public static PlantedFault parse(String text) {
    int colon = text.indexOf(':');
    String kind = colon < 0 ? text : text.substring(0, colon);
    String place = colon < 0 ? "" : text.substring(colon + 1);
    for (Kind known : Kind.values()) {
      if (known.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(kind)) {
        Optional<TensorRole> role =
            TensorRole.parse(
                known == Kind.SWAP_GATE_UP
                    ? "layers." + place + ".ffn_gate.weight"
                    : place.endsWith(".bias") || place.endsWith(".weight")
                        ? place
                        : place + ".weight");
        return new PlantedFault(
            known,
            role.orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "'"
                            + place
                            + "' is no place such as "
                            + (known == Kind.SWAP_GATE_UP ? "14" : "layers.14.ffn_gate"))));
      }
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is no fault such as transpose:layers.14.ffn_gate, zero:layers.3.ffn_down,"
            + " interleave:layers.0.q or swap-gate-up:14");
  }

  /**
   * The model with this fault.
   *
   * @throws IllegalArgumentException if the model has no such weight, or the weight no such fault
   */
  public ModelContent plantIn(ModelContent model) {
    List<RoleTensor> tensors = new ArrayList<>(model.tensors());
    int at = index(tensors, role);
    RoleTensor tensor = tensors.get(at);
    switch (kind) {
      case ZERO -> tensors.set(at, with(tensor, zeros(tensor)));
      case TRANSPOSE -> tensors.set(at, with(tensor, transposed(tensor)));
      case INTERLEAVE -> tensors.set(at, with(tensor, interleaved(tensor, model)));
      case SWAP_GATE_UP -> {
        int other = index(tensors, TensorRole.weight(Part.FFN_UP, role.layer()));
        RowSource up = tensors.get(other).rows();
        tensors.set(other, with(tensors.get(other), tensor.rows()));
        tensors.set(at, with(tensor, up));
      }
    }
    return new ModelContent(
        model.facts(), model.vocabulary(), model.mix(), tensors, model.others());
  }

  private static int index(List<RoleTensor> tensors, TensorRole role) {
    for (int i = 0; i < tensors.size(); i++) {
      if (tensors.get(i).role().equals(role)) {
        return i;
      }
    }
    throw new IllegalArgumentException("the model has no " + role);
  }

  private static RoleTensor with(RoleTensor tensor, RowSource rows) {
    return new RoleTensor(tensor.role(), tensor.type(), tensor.dims(), rows);
  }

  private static RowSource zeros(RoleTensor tensor) {
    int bytes = tensor.rowBytes();
    return (row, target, at) -> Arrays.fill(target, at, at + bytes, (byte) 0);
  }

  /** Takes the memory of one decoded matrix. */
  private RowSource transposed(RoleTensor tensor) {
    if (tensor.dims().size() != 2) {
      throw new IllegalArgumentException(role + " is no matrix and cannot be transposed");
    }
    int rows = tensor.rowCount();
    int columns = tensor.columns();
    ElementType type = tensor.type();
    ElementEncoder encoder = ElementEncoder.of(type).orElseThrow();
    Recoding recoding = new Recoding();
    float[][] values = new float[rows][];
    IntStream.range(0, rows).parallel().forEach(i -> values[i] = recoding.decode(tensor, i));
    return (row, target, at) -> {
      float[] line = new float[columns];
      for (int i = 0; i < columns; i++) {
        // Element (row, i) of [rows, columns] is element (c, r) of the transposed [columns, rows].
        int flat = row * columns + i;
        line[i] = values[flat % rows][flat / rows];
      }
      encoder.encode(line, 0, columns, target, at);
    };
  }

  private RowSource interleaved(RoleTensor tensor, ModelContent model) {
    boolean rotated = role.part() == Part.Q || role.part() == Part.K;
    if (!rotated || role.bias()) {
      throw new IllegalArgumentException(role + " has no rotary rows; name a q or k");
    }
    int headDim = model.facts().headDim();
    return (row, target, at) -> {
      int inHead = row % headDim;
      int other = row - inHead + inHead / 2 + (inHead & 1) * (headDim / 2);
      tensor.rows().read(other, target, at);
    };
  }
}
