package dev.rosetta.formats.safetensors;

import dev.rosetta.formats.AtomicFile;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.model.ModelException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes SafeTensors files. Equal tensors and metadata give equal bytes, whatever order they come
 * in: metadata keys are sorted, and tensors by descending element size, then name, as the reference
 * implementation does, so that all data are aligned.
 */
public final class SafeTensorsWriter {
  private SafeTensorsWriter() {}

  /**
   * Creates or replaces {@code target}; an existing file stays as it is until the new one is
   * complete. Takes constant memory besides the header.
   *
   * @param metadata strings of {@code __metadata__}; {@code {"format": "pt"}} suits most readers
   * @throws ModelException if a type has no SafeTensors name, or the file cannot be written
   * @throws IllegalArgumentException if names are not unique, or a size is not that of its dims
   */
  public static void write(Path target, Map<String, String> metadata, List<TensorEntry> tensors) {
    AtomicFile.write(target, content(target, metadata, tensors));
  }

  /**
   * The content of such a file, produced when it is written.
   *
   * @param target the file, for errors
   * @throws ModelException as {@link #write}
   * @throws IllegalArgumentException as {@link #write}
   */
  public static AtomicFile.Content content(
      Path target, Map<String, String> metadata, List<TensorEntry> tensors) {
    List<TensorEntry> sorted =
        tensors.stream()
            .sorted(
                Comparator.comparingInt((TensorEntry tensor) -> -tensor.type().blockBytes())
                    .thenComparing(TensorEntry::name))
            .toList();
    List<HeaderText.Entry> entries =
        sorted.stream()
            .map(tensor -> new HeaderText.Entry(tensor.name(), tensor.type(), tensor.dims()))
            .toList();
    byte[] header = HeaderText.encode(target, new TreeMap<>(metadata), entries);
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).byteSize() != sorted.get(i).byteSize()) {
        throw new IllegalArgumentException(
            "tensor %s: %s%s takes %d bytes, not %d"
                .formatted(
                    entries.get(i).name(),
                    entries.get(i).type(),
                    entries.get(i).dims(),
                    entries.get(i).byteSize(),
                    sorted.get(i).byteSize()));
      }
    }
    return channel -> {
      ByteBuffer first = ByteBuffer.wrap(header);
      while (first.hasRemaining()) {
        channel.write(first);
      }
      long end = header.length;
      for (TensorEntry tensor : sorted) {
        tensor.data().writeTo(channel);
        end += tensor.byteSize();
        if (channel.position() != end) {
          throw new IllegalStateException(
              "tensor %s: its data end at byte %d instead of %d"
                  .formatted(tensor.name(), channel.position(), end));
        }
      }
    };
  }
}
