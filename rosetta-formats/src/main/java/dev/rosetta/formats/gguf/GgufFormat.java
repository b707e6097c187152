package dev.rosetta.formats.gguf;

import dev.rosetta.model.ModelSource;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormat;
import java.nio.file.Path;

/** GGUF, versions 1 to 3, single and split. Its predecessors are recognised and refused by name. */
public final class GgufFormat implements ModelFormat {
  /** For {@link java.util.ServiceLoader}. */
  public GgufFormat() {}

  @Override
  public String name() {
    return "GGUF";
  }

  @Override
  public boolean recognizes(FileHead head) {
    return !head.directory() && Magic.of(head.bytes()) != Magic.NONE;
  }

  @Override
  public ModelSource open(Path path) {
    return GgufSource.open(path);
  }
}
