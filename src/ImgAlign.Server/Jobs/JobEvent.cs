using System.Text.Json.Serialization;

namespace ImgAlign.Server.Jobs;

/// <summary>What happens while a job runs; the kinds are also the names of the server-sent events.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ProgressEvent), "progress")]
[JsonDerivedType(typeof(PreviewEvent), "preview")]
[JsonDerivedType(typeof(PictureEvent), "picture")]
[JsonDerivedType(typeof(CandidateEvent), "candidate")]
[JsonDerivedType(typeof(StateEvent), "state")]
internal abstract record JobEvent
{
    /// <summary>Whether this one tells all that an earlier one told.</summary>
    private bool Overtakes(JobEvent earlier) =>
        (earlier, this) switch
        {
            (ProgressEvent, ProgressEvent) or (StateEvent, StateEvent) => true,
            (PreviewEvent before, PreviewEvent after) => before.Item == after.Item,
            (PreviewEvent before, PictureEvent after) => before.Item == after.Item,
            (PreviewEvent before, CandidateEvent after) => before.Item == after.Item,
            (PictureEvent before, PictureEvent after) => before.Item == after.Item,
            (CandidateEvent before, CandidateEvent after) => (before.Item, before.Number) == (after.Item, after.Number),
            _ => false,
        };

    /// <summary>Adds this one to those that are not told yet, in the place of those that it overtakes.</summary>
    public void AddTo(List<JobEvent> untold)
    {
        untold.RemoveAll(Overtakes);
        untold.Add(this);
    }
}

/// <summary>A step is done.</summary>
internal sealed record ProgressEvent(JobProgress Progress) : JobEvent;

/// <summary>What a picture looks like so far: a PNG file in base64.</summary>
internal sealed record PreviewEvent(int Item, int Round, double Progress, string Png) : JobEvent;

/// <summary>An item's first picture: a PNG file in base64.</summary>
internal sealed record PictureEvent(int Item, string Png) : JobEvent;

/// <summary>A picture of an item was tried and judged: what its result will say, and a PNG file in base64.</summary>
internal sealed record CandidateEvent(
    int Item,
    int Number,
    int Parent,
    [property: JsonConverter(typeof(EnumNames<SearchAction>))] SearchAction Action,
    int Round,
    long Seed,
    string? Question,
    string? Critique,
    IReadOnlyDictionary<string, double> Scores,
    bool Accepted,
    string Png
) : JobEvent;

/// <summary>The job's state has changed; null from a worker, which tells that it is to be read again.</summary>
internal sealed record StateEvent(Job? Job) : JobEvent;
