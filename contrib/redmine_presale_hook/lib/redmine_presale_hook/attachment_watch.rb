# frozen_string_literal: true

module RedminePresaleHook
  # A file was attached to a ticket, renamed or deleted.
  module AttachmentWatch
    extend ActiveSupport::Concern

    included { after_commit :tell_presale_hook }

    private

    def tell_presale_hook
      RedminePresaleHook.changed(container) if container.is_a?(Issue) && !container.destroyed?
    end
  end
end
