package dev.rosetta.formats.gguf;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.spi.MappedFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of a split model: {@code <prefix>-00001-of-00003.gguf} and so on, numbered from 1 in
 * names and from 0 in {@code split.no}. The first holds the metadata.
 */
final class Shards {
  private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
  private static final String NUMBER = "split.no";
  private static final String COUNT = "split.count";
  private static final String TENSORS = "split.tensors.count";

  private Shards() {}

  /** How many files the model has, by the metadata of its first file; 1 if it is not split. */
  static int count(MappedFile file, GgufMetadata metadata) {
    long count = metadata.integer(COUNT).orElse(1);
    long number = metadata.integer(NUMBER).orElse(0);
    if (count < 0 || count > 65_535 || number < 0 || number >= Math.max(count, 1)) {
      throw malformed(file.path(), NUMBER + " is " + number + " and " + COUNT + " is " + count);
    }
    if (number > 0) {
      String first = name(file.path(), 0, (int) count);
      throw malformed(
          file.path(),
          "this is file " + (number + 1) + " of " + count + " of a split model; open " + first);
    }
    return Math.max(1, (int) count);
  }

  /** The paths of shards 1 to {@code count - 1}, beside the first. */
  static List<Path> others(Path first, int count) {
    List<Path> others = new ArrayList<>();
    for (int number = 1; number < count; number++) {
      others.add(first.resolveSibling(name(first, number, count)));
    }
    return others;
  }

  /** Checks that a file is shard {@code number} of {@code count}. */
  static void check(MappedFile file, GgufMetadata metadata, int number, int count) {
    long statedNumber = metadata.integer(NUMBER).orElse(-1);
    long statedCount = metadata.integer(COUNT).orElse(-1);
    if (statedNumber != number || statedCount != count) {
      throw malformed(
          file.path(),
          NUMBER
              + " is "
              + statedNumber
              + " and "
              + COUNT
              + " is "
              + statedCount
              + ", the name says "
              + number
              + " and "
              + count
              + "; the files do not belong together");
    }
  }

  /** Checks the number of tensors of all shards against what the first one states. */
  static void checkTensors(MappedFile first, GgufMetadata metadata, int tensors) {
    long stated = metadata.integer(TENSORS).orElse(tensors);
    if (stated != tensors) {
      throw malformed(
          first.path(),
          TENSORS + " is " + stated + ", the files hold " + tensors + "; one of them is another's");
    }
  }

  private static String name(Path shard, int number, int count) {
    String name = String.valueOf(shard.getFileName());
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      throw malformed(
          shard,
          "the model is split into "
              + count
              + " files, but this one's name does not end in -00001-of-"
              + String.format(Locale.ROOT, "%05d", count)
              + ".gguf; give the files their names back");
    }
    return String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", matcher.group(1), number + 1, count);
  }

  private static ModelException malformed(Path path, String message) {
    return new ModelException(ErrorCode.MALFORMED, path, message);
  }
}
