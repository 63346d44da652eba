using System.Text;
using ImgAlign.Cli.Jobs;
using ImgAlign.Imaging;

namespace ImgAlign.Cli.Align;

/// <summary>The files of an aligned picture's result.</summary>
internal static class AlignFiles
{
    private const string Before = "before.png";
    private const string After = "after.png";
    private const string Both = "side-by-side.png";
    private const string All = "contact-sheet.png";

    /// <summary>Whether a name is one of theirs.</summary>
    public static bool IsOne(string name) => name is Before or After or Both or All or ResultFolders.Record;

    /// <summary>First and final picture, both beside each other, the record, and where more than one picture was tried beside the first, a
    /// contact sheet of all.</summary>
    public static IEnumerable<(string Name, byte[] Content)> Of(AlignedItem aligned, AlignRecord record, PictureMetadata metadata)
    {
        // Before the rounds, and where none was kept, a picture that was given is as it was.
        var isGiven = aligned.Item.Image is not null;
        var texts = metadata.Of(record, isMadeHere: aligned.Accepted || !isGiven);
        yield return (Before, ImageFile.EncodePng(aligned.BaseImage, isGiven ? null : texts));
        yield return (After, ImageFile.EncodePng(aligned.Image, texts));
        var both = SideBySide.Join(SideBySide.Enlarge(aligned.BaseImage), SideBySide.Enlarge(aligned.Image));
        yield return (Both, ImageFile.EncodePng(both, texts));
        yield return (ResultFolders.Record, Encoding.UTF8.GetBytes(RecordJson.Write(record)));
        if (aligned.Candidates.Count > 2)
            yield return (All, ImageFile.EncodePng(ContactSheet.Draw(aligned), texts));
    }
}
