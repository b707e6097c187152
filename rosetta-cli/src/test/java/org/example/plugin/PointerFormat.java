package org.example.plugin;

import dev.rosetta.formats.gguf.GgufFormat;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A third party's format: a file that says {@code POINTER} and the name of a GGUF file beside it.
 */
public final class PointerFormat implements ModelFormat {
  private static final String MAGIC = "POINTER ";

  @Override
  public String name() {
    return "Pointer";
  }

  @Override
  public boolean recognizes(FileHead head) {
    return head.startsWith(MAGIC);
  }

  @Override
  public ModelSource open(Path path) {
    try {
      String name = Files.readString(path).substring(MAGIC.length()).strip();
      return new Source(path, new GgufFormat().open(path.resolveSibling(name)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record Source(Path path, ModelSource target) implements ModelSource {
    @Override
    public String format() {
      return "Pointer";
    }

    @Override
    public List<Path> files() {
      return target.files();
    }

    @Override
    public DimensionOrder dimensionOrder() {
      return target.dimensionOrder();
    }

    @Override
    public MetadataDialect dialect() {
      return target.dialect();
    }

    @Override
    public Metadata metadata() {
      return target.metadata();
    }

    @Override
    public List<TensorInfo> tensors() {
      return target.tensors();
    }

    @Override
    public List<SourceNote> notes() {
      return target.notes();
    }

    @Override
    public Optional<Vocabulary> vocabulary() {
      return target.vocabulary();
    }

    @Override
    public void read(TensorInfo tensor, long from, MemorySegment to, long length) {
      target.read(tensor, from, to, length);
    }

    @Override
    public void close() {
      target.close();
    }
  }
}
