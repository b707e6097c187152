package dev.rosetta.model;

/** Where the blocks of a tensor begin. */
public enum BlockLayout {
  /** Every row begins with a block of its own; a short last block of a row is padded. */
  ROW_ALIGNED,
  /** Blocks run over the whole tensor, across row boundaries. */
  FLAT
}
