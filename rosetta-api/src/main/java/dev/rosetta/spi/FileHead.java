package dev.rosetta.spi;

import java.nio.file.Path;

/**
 * What a format sees of a path when asked whether it recognises it.
 *
 * @param path an existing regular file or directory
 * @param directory whether {@code path} is a directory; then {@code bytes} is empty
 * @param size file size in bytes, 0 for a directory
 * @param bytes the first bytes of the file, at most {@link #MAX_BYTES}; not to be modified
 */
public record FileHead(Path path, boolean directory, long size, byte[] bytes) {

  /** Upper bound of {@link #bytes()}. */
  public static final int MAX_BYTES = 4096;

  /** Whether the file starts with these ASCII characters. */
  public boolean startsWith(String ascii) {
    if (bytes.length < ascii.length()) {
      return false;
    }
    for (int i = 0; i < ascii.length(); i++) {
      if (bytes[i] != (byte) ascii.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
