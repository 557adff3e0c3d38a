package federation.map;

import java.util.List;

/** A writer's schema, or the rules given for it, cannot meet the contract. */
public final class ContractException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<String> reasons;

  /** @param reasons every reason found, each one sentence that names the contract's field */
  public ContractException(List<String> reasons) {
    super(String.join("; ", reasons));
    this.reasons = List.copyOf(reasons);
  }

  ContractException(String reason) {
    this(List.of(reason));
  }

  /** Every reason found, in the order of the contract's fields. */
  public List<String> reasons() {
    return reasons;
  }

  /** The same reasons, one level further out: each is said of {@code field}. */
  ContractException under(String field) {
    return new ContractException(reasons.stream()
        .map(r -> r.startsWith(":") ? field + r : field + "." + r).toList());
  }
}
