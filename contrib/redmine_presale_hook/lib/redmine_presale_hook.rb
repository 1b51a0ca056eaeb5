# frozen_string_literal: true

# Tells the bridge the numbers of tickets that have changed. The bridge polls all the same: what is told here only makes it quicker,
# so nothing here may keep a save waiting or make it fail.
module RedminePresaleHook
  SETTING = :plugin_redmine_presale_hook # a symbol, as Redmine's own accessors use: its cache knows symbols and strings apart
  UNLOGGED = 'settings.secret'

  class << self
    # Redmine calls it at its start; in development again whenever it has loaded its classes anew.
    def install
      filtered = Rails.application.config.filter_parameters
      filtered << UNLOGGED unless filtered.include?(UNLOGGED)
      Setting.singleton_class.prepend(SecretKeeper)
      [[Issue, IssueWatch], [Journal, JournalWatch], [Attachment, AttachmentWatch]].each { |model, watch| model.include(watch) }
    end

    # The ticket has changed; `trackers` are those that it is in or has just left. Never raises.
    def changed(issue, trackers = [issue.tracker_id])
      return if (target = Target.from(settings)).nil? || !target.wants?(trackers)

      Courier.current.tell(issue.id, target)
    rescue StandardError => e
      Rails.logger.error("presale hook: ticket #{issue&.id} is not told: #{e.class}")
    end

    # What the administrator has entered.
    def settings
      found = Setting[SETTING]
      found.is_a?(Hash) ? found : {}
    end
  end
end
