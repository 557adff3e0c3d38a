package federation.map;

/**
 * One record that cannot be decoded, filtered or mapped: it becomes a dead letter.
 *
 * <p>Carries no stack trace, so that throwing one costs little: bad records come in millions.
 */
public final class MappingException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String stage;
  private final String reason;
  private String path = "";

  /**
   * @param stage {@code decode}, {@code map}, {@code where} or {@code key}
   * @param reason one word of the documented list
   */
  public MappingException(String stage, String reason) {
    super(null, null, false, false);
    this.stage = stage;
    this.reason = reason;
  }

  static MappingException decode(String reason) {
    return new MappingException("decode", reason);
  }

  static MappingException map(String reason) {
    return new MappingException("map", reason);
  }

  /** An expression that has no value for this record. */
  static MappingException eval() {
    return new MappingException("map", "eval");
  }

  /** Puts a field name before the path, while the error travels outwards. */
  MappingException under(String field) {
    path = path.isEmpty() ? field : field + "." + path;
    return this;
  }

  /** Where in the pipeline it failed. */
  public String stage() {
    return stage;
  }

  /** One word of the documented list, such as {@code truncated} or {@code overflow}. */
  public String reason() {
    return reason;
  }

  /**
   * Names joined by dots: the writer's for {@code decode}, the contract's for {@code map}. Elements
   * of arrays and maps are not numbered. Empty where the whole datum is meant.
   */
  public String path() {
    return path;
  }

  /** Whether a rule's default may stand in for the value that failed. */
  boolean mendable() {
    return stage.equals("map") && !reason.equals("null") && !reason.equals("lossy");
  }

  @Override
  public String getMessage() {
    return path.isEmpty() ? stage + ": " + reason : stage + ": " + reason + " at " + path;
  }
}
