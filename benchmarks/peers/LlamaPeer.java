import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import java.util.Locale;

/**
 * Runs a prompt through llama.cpp once for each file, as a yardstick of whole comparisons: load the
 * file, evaluate the prompt, look at nothing. Started by {@code run whole --peer llama} from its
 * source, with the jar of de.kherud:llama on the class path; no part of the build.
 *
 * <p>Arguments: a number of tokens, then files. One JSON object per file; the JVM's own start is not
 * counted.
 */
public final class LlamaPeer {
  private LlamaPeer() {}

  public static void main(String[] args) {
    int tokens = Integer.parseInt(args[0]);
    double total = 0;
    for (int i = 1; i < args.length; i++) {
      long start = System.nanoTime();
      // Never closed: closing waits for ever, and the process ends below.
      @SuppressWarnings("resource")
      LlamaModel model =
          new LlamaModel(
              new ModelParameters()
                  .setModel(args[i])
                  .setThreads(Runtime.getRuntime().availableProcessors())
                  .setCtxSize(512)
                  .skipWarmup()
                  .disableLog());
      long loaded = System.nanoTime();
      String prompt = "a";
      while (model.encode(prompt).length < tokens) {
        prompt += " a";
      }
      int count = model.encode(prompt).length;
      long begun = System.nanoTime();
      model.complete(new InferenceParameters(prompt).setNPredict(1));
      double load = (loaded - start) / 1e9;
      double run = (System.nanoTime() - begun) / 1e9;
      total += load + run;
      System.out.printf(
          Locale.ROOT,
          "{\"what\":\"peer\",\"peer\":\"llama.cpp\",\"file\":\"%s\",\"columns\":%d,\"load\":%.3f,"
              + "\"prompt\":%.3f}%n",
          args[i].replace("\\", "\\\\").replace("\"", "\\\""),
          count,
          load,
          run);
    }
    System.out.printf(
        Locale.ROOT, "{\"what\":\"peer\",\"peer\":\"llama.cpp\",\"wall\":%.3f}%n", total);
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
