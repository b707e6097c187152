package dev.rosetta.diagnose;

import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.ElementCodec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A source whose blocks are changed as they are read: the view in which a repair of encoded bytes
 * is tried. Everything else is the source's own.
 *
 * @param source where the bytes come from; closed by its owner, not by this view
 * @param change what is done to each block
 */
record BlockView(ModelSource source, BlockChange change) implements ModelSource {

  /** Changes one encoded block in place. */
  @FunctionalInterface
  interface BlockChange {
    void apply(byte[] block);
  }

  /** {@code weight} read through {@code change}. */
  static Weight of(Weight weight, BlockChange change) {
    ElementCodec codec = weight.codec();
    if (codec == null) {
      throw new IllegalArgumentException(weight.tensor().type() + " cannot be decoded");
    }
    return weight.reread(new BlockView(weight.source(), change), weight.tensor(), codec);
  }

  @Override
  public void read(TensorInfo tensor, long from, MemorySegment target, long length) {
    int size = tensor.type().blockBytes();
    source.read(tensor, from, target, length);
    byte[] block = new byte[size];
    for (long at = 0; at + size <= length; at += size) {
      MemorySegment.copy(target, ValueLayout.JAVA_BYTE, at, block, 0, size);
      change.apply(block);
      MemorySegment.copy(block, 0, target, ValueLayout.JAVA_BYTE, at, size);
    }
  }

  @Override
  public boolean rounding(TensorInfo tensor, long from, float[] step, float[] reach, int count) {
    return source.rounding(tensor, from, step, reach, count);
  }

  @Override
  public void requireUnchanged() {
    source.requireUnchanged();
  }

  @Override
  public Path path() {
    return source.path();
  }

  @Override
  public String format() {
    return source.format();
  }

  @Override
  public List<Path> files() {
    return source.files();
  }

  @Override
  public DimensionOrder dimensionOrder() {
    return source.dimensionOrder();
  }

  @Override
  public MetadataDialect dialect() {
    return source.dialect();
  }

  @Override
  public Metadata metadata() {
    return source.metadata();
  }

  @Override
  public List<TensorInfo> tensors() {
    return source.tensors();
  }

  @Override
  public List<SourceNote> notes() {
    return source.notes();
  }

  @Override
  public Optional<Vocabulary> vocabulary() {
    return source.vocabulary();
  }

  @Override
  public void close() {
    // The source belongs to the comparison.
  }
}
