package dev.rosetta.benchmarks;

import java.util.List;

/** Rows and columns of a weight matrix. */
record Shape(int rows, int columns) {

  /** The matrices of a model with 1.5 billion parameters: attention, up and gate, down. */
  static final List<Shape> OF_MODEL =
      List.of(new Shape(1536, 1536), new Shape(8960, 1536), new Shape(1536, 8960));

  /**
   * The shape written as {@code 8960x1536}.
   *
   * @throws IllegalArgumentException if it is not written so
   */
  static Shape parse(String text) {
    String[] sides = text.split("x", -1);
    if (sides.length != 2) {
      throw new IllegalArgumentException("a shape is ROWSxCOLUMNS, not " + text);
    }
    return new Shape(Integer.parseInt(sides[0]), Integer.parseInt(sides[1]));
  }

  @Override
  public String toString() {
    return rows + "x" + columns;
  }
}
