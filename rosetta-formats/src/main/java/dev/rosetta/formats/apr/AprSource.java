package dev.rosetta.formats.apr;

import dev.rosetta.formats.TensorRanges;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A model in one or more APR files. */
final class AprSource implements ModelSource {
  private final Path path;
  private final List<Image> images;
  private final Metadata metadata;
  private final List<TensorInfo> tensors;
  private final List<SourceNote> notes;
  private final TensorRanges ranges;
  private final Set<ElementType> pairOrdered;

  /**
   * @param images in shard order; closed with this source
   */
  AprSource(
      Path path,
      List<? extends Image> images,
      Metadata metadata,
      List<TensorInfo> tensors,
      List<SourceNote> notes) {
    this(path, images, metadata, tensors, notes, Set.of());
  }

  private AprSource(
      Path path,
      List<? extends Image> images,
      Metadata metadata,
      List<TensorInfo> tensors,
      List<SourceNote> notes,
      Set<ElementType> pairOrdered) {
    this.pairOrdered = Set.copyOf(pairOrdered);
    this.path = path;
    this.images = List.copyOf(images);
    this.metadata = metadata;
    this.tensors = List.copyOf(tensors);
    this.notes = List.copyOf(notes);
    this.ranges = new TensorRanges(files(), notes);
  }

  /** This source with further notes; replaces this one, which is not to be closed. */
  AprSource withNotes(List<SourceNote> further) {
    List<SourceNote> all = new ArrayList<>(notes);
    all.addAll(further);
    return new AprSource(path, images, metadata, tensors, all, pairOrdered);
  }

  /**
   * This source with the blocks of {@code types} read in pair order; replaces this one, which is
   * not to be closed.
   *
   * @throws IllegalArgumentException if it has no tensor of these types
   */
  AprSource inPairOrder(Set<ElementType> types) {
    List<SourceNote> all = new ArrayList<>(notes);
    if (types.isEmpty()) {
      PairOrder.noteDoubt(metadata, tensors, all);
    } else {
      all.add(PairOrder.applied(path, types, tensors));
    }
    return new AprSource(path, images, metadata, tensors, all, types);
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public String format() {
    return AprFormat.NAME;
  }

  @Override
  public List<Path> files() {
    return images.stream().map(Image::path).toList();
  }

  @Override
  public DimensionOrder dimensionOrder() {
    return DimensionOrder.ROW_MAJOR;
  }

  @Override
  public MetadataDialect dialect() {
    return MetadataDialect.APR;
  }

  @Override
  public Metadata metadata() {
    return metadata;
  }

  @Override
  public List<TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public List<SourceNote> notes() {
    return notes;
  }

  @Override
  public Optional<Vocabulary> vocabulary() {
    return AprVocabulary.read(metadata, path);
  }

  @Override
  public void read(TensorInfo tensor, long from, MemorySegment target, long length) {
    long position = ranges.position(tensor, from, length);
    Image image = images.get(tensor.file());
    if (pairOrdered.contains(tensor.type())) {
      PairOrder.read(image, tensor, from, target, length);
    } else {
      image.read(position, target, length);
    }
  }

  @Override
  public void requireUnchanged() {
    images.forEach(Image::requireUnchanged);
  }

  @Override
  public void close() {
    images.forEach(Image::close);
  }
}
