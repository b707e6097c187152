package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Models in several V2 containers, found from a manifest or from a shard that states the pattern of
 * the shards' names. Every name must be that of a file in the same directory.
 */
final class Shards {
  private static final int MAX_SHARDS = 10_000;
  private static final int MAX_MANIFEST_BYTES = 64 << 20;

  /** {@code {:05d}} or {@code {}}: the 1-based index, then the number of shards. */
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{(?::0?(\\d{0,2})d)?\\}");

  private static final Pattern NUMBERED =
      Pattern.compile("([^{}]*?)(\\d{1,9})-of-(\\d{1,9})([^{}]*)");

  /** What a shard says about its place. */
  private record Place(int count, int index, @Nullable String pattern) {}

  private Shards() {}

  /**
   * The model that a manifest describes.
   *
   * @param json the whole manifest
   */
  static AprSource ofManifest(Path manifest, byte[] json) {
    Map<String, @Nullable Object> root = BoundedJson.parseObject(json, manifest, 0);
    if (!(root.get("shards") instanceof List<?> shards) || shards.isEmpty()) {
      throw malformed(manifest, "\"shards\" is no list of shards");
    }
    requireCount(manifest, shards.size());
    if (root.get("shard_count") instanceof Long count && count != shards.size()) {
      throw malformed(manifest, "says it has " + count + " shards and lists " + shards.size());
    }
    SortedMap<Long, Path> files = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      Map<String, @Nullable Object> shard = BoundedJson.asObject(shards.get(i));
      if (shard == null || !(shard.get("filename") instanceof String name)) {
        throw malformed(manifest, "shard " + i + " has no \"filename\"");
      }
      Object index = shard.getOrDefault("index", (long) i);
      if (!(index instanceof Long at) || at < 0 || at >= shards.size()) {
        throw malformed(manifest, "shard " + i + " has an \"index\" outside the list");
      }
      if (files.put(at, sibling(manifest, name)) != null) {
        throw malformed(manifest, "two shards have index " + at);
      }
    }
    List<SourceNote> notes = new ArrayList<>();
    AprSource source = open(manifest, List.copyOf(files.values()), notes);
    try {
      return source.withNotes(differences(root, source));
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  /** The names of all shards that belong to one; empty where it does not say how they are named. */
  static Optional<List<Path>> siblings(Path path, V2Container shard, List<SourceNote> notes) {
    Optional<Place> stated = place(path, shard);
    if (stated.isEmpty()) {
      noteHalfStated(shard, notes);
      return Optional.empty();
    }
    if (stated.get().count() == 1) {
      return Optional.empty();
    }
    Place place = stated.get();
    requireCount(path, place.count());
    String pattern = place.pattern() == null ? patternOf(path, place) : place.pattern();
    if (pattern == null) {
      notes.add(
          AprNote.SHARD_ALONE.file(
              "this is shard "
                  + (place.index() + 1)
                  + " of "
                  + place.count()
                  + " and does not say how the others are named; open their manifest instead"));
      return Optional.empty();
    }
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < place.count(); i++) {
      files.add(i == place.index() ? path : sibling(path, fileName(pattern, i + 1, place.count())));
    }
    return Optional.of(files);
  }

  /** Flag and metadata both have to say that a file is a shard; one alone may be a leftover. */
  private static void noteHalfStated(V2Container shard, List<SourceNote> notes) {
    Map<String, @Nullable Object> sharding =
        BoundedJson.asObject(shard.metadata().values().get("sharding"));
    if (shard.header().has(V2Header.SHARDED)) {
      notes.add(
          AprNote.SHARD_ALONE.file(
              "flag 0x0010 at byte 6 says that this is a shard, and no \"sharding\" in the metadata"
                  + " says of what; it is read alone"));
    } else if (sharding != null && !Long.valueOf(1).equals(sharding.get("shard_count"))) {
      notes.add(
          AprNote.SHARD_ALONE.file(
              "\"sharding\" in the metadata says that this is a shard, flag 0x0010 at byte 6 that"
                  + " it is none; it is read alone"));
    }
  }

  /** Opens all shards as one model; metadata is that of the first. */
  static AprSource open(Path path, List<Path> files, List<SourceNote> notes) {
    List<Image> images = new ArrayList<>();
    try {
      List<TensorInfo> tensors = new ArrayList<>();
      Map<String, Path> names = new HashMap<>();
      Metadata metadata = new JsonMetadata(Map.of());
      notes.add(AprNote.SHARDED.file("the model is in " + files.size() + " files"));
      for (int i = 0; i < files.size(); i++) {
        Path file = files.get(i);
        V2Container shard = read(file, i, images);
        requirePlace(file, shard, i, files.size());
        for (TensorInfo tensor : shard.tensors()) {
          Path other = names.putIfAbsent(tensor.name(), file);
          if (other != null) {
            throw new ModelException(
                ErrorCode.TENSOR_DUPLICATED,
                file,
                "tensor "
                    + Quoted.quote(tensor.name())
                    + " is also in "
                    + Quoted.quote(String.valueOf(other.getFileName())));
          }
        }
        tensors.addAll(shard.tensors());
        notes.addAll(shard.notes());
        metadata = i == 0 ? shard.metadata() : metadata;
      }
      return new AprSource(path, images, metadata, tensors, notes);
    } catch (RuntimeException e) {
      images.forEach(Image::close);
      throw e;
    }
  }

  private static V2Container read(Path file, int index, List<Image> images) {
    Image image = Image.Mapped.open(file);
    images.add(image);
    AprFormat.requireV2(image);
    V2Container shard = V2Container.read(image, index);
    images.set(index, shard.image());
    return shard;
  }

  private static void requirePlace(Path file, V2Container shard, int index, int count) {
    Optional<Place> place = place(file, shard);
    if (place.isPresent() && (place.get().index() != index || place.get().count() != count)) {
      throw malformed(
          file,
          "says it is shard "
              + place.get().index()
              + " of "
              + place.get().count()
              + ", expected "
              + index
              + " of "
              + count);
    }
  }

  private static Optional<Place> place(Path path, V2Container shard) {
    Map<String, @Nullable Object> sharding =
        BoundedJson.asObject(shard.metadata().values().get("sharding"));
    if (!shard.header().has(V2Header.SHARDED) || sharding == null) {
      return Optional.empty();
    }
    if (sharding.get("shard_count") instanceof Long count
        && sharding.get("shard_index") instanceof Long index
        && count <= Integer.MAX_VALUE
        && index >= 0
        && index < count) {
      return Optional.of(
          new Place(
              count.intValue(),
              index.intValue(),
              sharding.get("pattern") instanceof String pattern ? pattern : null));
    }
    throw malformed(path, "\"sharding\" states no valid shard_index and shard_count");
  }

  /** The pattern in the file's own name, {@code x-00001-of-00002.apr}, or null if it has none. */
  private static @Nullable String patternOf(Path path, Place place) {
    Matcher matcher = NUMBERED.matcher(String.valueOf(path.getFileName()));
    if (!matcher.matches()
        || !matcher.group(2).endsWith(Integer.toString(place.index() + 1))
        || !matcher.group(3).endsWith(Integer.toString(place.count()))) {
      return null;
    }
    return matcher.group(1)
        + "{:0"
        + matcher.group(2).length()
        + "d}-of-{:0"
        + matcher.group(3).length()
        + "d}"
        + matcher.group(4);
  }

  private static String fileName(String pattern, int index, int count) {
    Matcher matcher = PLACEHOLDER.matcher(pattern);
    StringBuilder name = new StringBuilder();
    int value = index;
    while (matcher.find()) {
      String width = matcher.group(1);
      int digits = width == null || width.isEmpty() ? 1 : Integer.parseInt(width);
      matcher.appendReplacement(name, "0".repeat(Math.max(0, digits - digits(value))) + value);
      value = count;
    }
    return matcher.appendTail(name).toString();
  }

  private static int digits(int value) {
    return Integer.toString(value).length();
  }

  /** A file beside {@code path}, or beside what a link at {@code path} leads to. */
  private static Path sibling(Path path, String name) {
    try {
      Path file = Path.of(name);
      if (name.isEmpty()
          || name.indexOf('/') >= 0
          || name.indexOf('\\') >= 0
          || name.equals(".")
          || name.equals("..")) {
        throw malformed(path, "shard name " + Quoted.quote(name) + " is no plain file name");
      }
      Path sibling = path.toAbsolutePath().resolveSibling(file);
      if (!Files.exists(sibling)) {
        throw new ModelException(
            ErrorCode.NOT_FOUND, sibling, "this shard of " + path.getFileName() + " is missing");
      }
      Path parent = sibling.toRealPath().getParent();
      Path directory = path.toAbsolutePath().getParent();
      if (parent == null
          || directory == null
          || !(parent.equals(directory.toRealPath())
              || parent.equals(path.toRealPath().getParent()))) {
        throw malformed(
            path, "shard " + Quoted.quote(name) + " leads out of the manifest's directory");
      }
      return sibling;
    } catch (InvalidPathException e) {
      throw malformed(path, "shard name " + Quoted.quote(name) + " is no file name");
    } catch (IOException e) {
      throw new ModelException(ErrorCode.UNREADABLE, path, -1, "a shard cannot be found: " + e, e);
    }
  }

  private static List<SourceNote> differences(
      Map<String, @Nullable Object> root, AprSource source) {
    Map<String, @Nullable Object> map = BoundedJson.asObject(root.get("weight_map"));
    if (map == null) {
      return List.of();
    }
    Map<String, Integer> actual = new HashMap<>();
    for (TensorInfo tensor : source.tensors()) {
      actual.put(tensor.name(), tensor.file());
    }
    List<String> wrong = new ArrayList<>();
    map.forEach(
        (name, shard) -> {
          Integer file = actual.remove(name);
          if (file == null || !(shard instanceof Long index) || index.intValue() != file) {
            wrong.add(name);
          }
        });
    wrong.addAll(actual.keySet());
    if (wrong.isEmpty()) {
      return List.of();
    }
    return List.of(
        AprNote.MANIFEST_MISMATCH.file(
            "the manifest's weight_map and the shards disagree on "
                + wrong.size()
                + " tensors, first "
                + Quoted.quote(Collections.min(wrong))));
  }

  private static void requireCount(Path path, int count) {
    if (count > MAX_SHARDS) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED, path, count + " shards; the limit is " + MAX_SHARDS);
    }
  }

  static int requireManifestSize(Path path, long size) {
    if (size > MAX_MANIFEST_BYTES) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          path,
          "a shard manifest of " + size + " bytes; the limit is " + MAX_MANIFEST_BYTES);
    }
    return (int) size;
  }

  private static ModelException malformed(Path path, String message) {
    return new ModelException(ErrorCode.MALFORMED, path, message);
  }
}
