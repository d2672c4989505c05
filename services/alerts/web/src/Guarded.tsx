import { Component, type ComponentChildren } from "preact";
import { Dialog } from "./Dialog";
import { t } from "./language";

interface Props {
  children: ComponentChildren;
  /** What it shows; something else is tried anew. */
  about?: unknown;
  /** Whether it stands over the page. */
  modal?: boolean;
}

/** A part of the page that cannot take the others with it; the siren and the stream have no part. */
export class Guarded extends Component<Props, { failed: boolean }> {
  state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  componentDidCatch(error: unknown): void {
    console.error(error);
  }

  componentDidUpdate(before: Props): void {
    if (this.state.failed && before.about !== this.props.about) this.setState({ failed: false });
  }

  render() {
    if (!this.state.failed) return this.props.children;
    if (this.props.modal) return <Dialog name="broken" heading={t("c.broken")} children={null} />;
    return (
      <p class="broken" role="alert" data-testid="broken">
        {t("c.broken")}{" "}
        <button type="button" class="tonal" onClick={() => this.setState({ failed: false })}>
          {t("c.again")}
        </button>
      </p>
    );
  }
}
