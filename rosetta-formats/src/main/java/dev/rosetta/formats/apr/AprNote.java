package dev.rosetta.formats.apr;

import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;

/**
 * The findings about an APR file; the constants' names are the codes of its {@link SourceNote}s.
 */
public enum AprNote {
  /** The checksum of the header or of the whole file differs from the stored one. */
  CHECKSUM_MISMATCH(Severity.ERROR),
  /** The file ends before the data that its directory lists. */
  FILE_TRUNCATED(Severity.ERROR),
  /** A tensor's range is outside the file, or shares bytes with another's. */
  TENSOR_OUT_OF_BOUNDS(Severity.ERROR),
  /** The file can be listed but holds no transformer, so there is nothing to compare. */
  UNSUPPORTED_ARCHITECTURE(Severity.ERROR),

  /** A minor version that is not known. */
  MINOR_VERSION_UNKNOWN(Severity.WARNING),
  /** A flag bit without a known meaning. */
  FLAGS_UNKNOWN(Severity.WARNING),
  /** Reserved header bytes are not zero. */
  RESERVED_BYTES_SET(Severity.WARNING),
  /** Bytes between the last index entry and the data. */
  INDEX_TRAILING_BYTES(Severity.WARNING),
  /** Bytes that belong to no tensor, between tensors or after the last. */
  BYTES_UNREFERENCED(Severity.WARNING),
  /** Two spellings of one metadata field; upstream then drops all metadata. */
  KEY_CONFLICT(Severity.WARNING),
  /** The bytes are of another type than the label says, as the size shows. */
  TYPE_MISLABELLED(Severity.WARNING),
  /** The size fits two readings of the type; the likelier one is taken. */
  TYPE_AMBIGUOUS(Severity.WARNING),
  /** A shard, or what may be one, is read without the others. */
  SHARD_ALONE(Severity.WARNING),
  /** A shard manifest and its shards list different tensors. */
  MANIFEST_MISMATCH(Severity.WARNING),
  /** Written when aprender's own quantiser stored K-quant elements in pairs, by its own date. */
  PAIR_ORDER_POSSIBLE(Severity.WARNING),
  /** K-quant elements are read in pairs, because the user says that they are stored so. */
  PAIR_ORDER(Severity.WARNING),

  /** The magic {@code APR2} of December 2025 and January 2026. */
  MAGIC_APR2(Severity.INFO),
  /** The header carries no checksum. */
  HEADER_UNCHECKED(Severity.INFO),
  /** There is no checksum at the end of the file. */
  FOOTER_MISSING(Severity.INFO),
  /** The checksum at the end of the file was not compared. */
  FOOTER_NOT_VERIFIED(Severity.INFO),
  /** Index entries are not in ascending order of their names; aprender refuses such files. */
  INDEX_UNSORTED(Severity.INFO),
  /** Tensor data lies in another order than the index. */
  DATA_REORDERED(Severity.INFO),
  /** Data or tensors do not begin at multiples of 64. */
  DATA_UNALIGNED(Severity.INFO),
  /** A type code with an older or another producer's meaning. */
  TYPE_CODE_LEGACY(Severity.INFO),
  /** Quantised rows are padded to whole blocks. */
  ROWS_PADDED(Severity.INFO),
  /** A metadata field under a spelling that is not the canonical one. */
  KEY_ALIAS(Severity.INFO),
  /** The compression flag is set but the content is plain. */
  COMPRESSION_FLAG_ONLY(Severity.INFO),
  /** The content was decompressed. */
  COMPRESSED(Severity.INFO),
  /** The model is in several files. */
  SHARDED(Severity.INFO),
  /** A tensor file with a JSON index, as aprender wrote before its V2 container. */
  LEGACY_CONTAINER(Severity.INFO),
  /** A checkpoint of aprender's trainer; tensors named {@code __training__.*} are its own state. */
  TRAINING_CHECKPOINT(Severity.INFO);

  private final Severity severity;

  AprNote(Severity severity) {
    this.severity = severity;
  }

  public Severity severity() {
    return severity;
  }

  SourceNote file(String message) {
    return new SourceNote(severity, name(), null, message);
  }

  SourceNote tensor(String name, String message) {
    return new SourceNote(severity, name(), name, message);
  }
}
