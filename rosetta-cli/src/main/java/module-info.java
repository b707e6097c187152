/** The rosetta command. */
module dev.rosetta.cli {
  requires dev.rosetta;
  requires info.picocli;
}
